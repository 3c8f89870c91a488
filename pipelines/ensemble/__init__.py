"""The stagewise ensemble and the model that serves."""
