"""A forecast training in this process: its settings, its steps, and its tables."""
