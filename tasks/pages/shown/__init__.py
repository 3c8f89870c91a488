"""A page of pictures and texts that a model gets wrong."""
