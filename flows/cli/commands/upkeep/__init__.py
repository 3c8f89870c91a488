"""Commands for who runs an installation: is every model as it was, and what may go."""
