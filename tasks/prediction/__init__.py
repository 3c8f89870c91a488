"""Tasks that score tables with a registered model."""
