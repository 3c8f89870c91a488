"""Commands that serve models to programs, and pages to people."""
