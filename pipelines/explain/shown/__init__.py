"""What a model sees in single pictures and texts."""
