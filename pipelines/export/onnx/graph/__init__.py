"""The graph itself: nodes and constants, functions of numbers, and the file."""
