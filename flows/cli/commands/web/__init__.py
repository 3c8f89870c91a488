"""Commands that serve models to programs."""
