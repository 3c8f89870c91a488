"""The data of a forecast: series are read, checked and prepared."""
