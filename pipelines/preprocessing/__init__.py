"""Feature steps that are fitted inside a fold."""
