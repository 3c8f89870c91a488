"""Tasks that build, fit and register experience."""
