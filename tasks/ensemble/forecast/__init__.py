"""The ensemble of a forecast: it is built, scored, explained, and fitted to all values."""
