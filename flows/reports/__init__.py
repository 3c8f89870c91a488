"""Results of the flows as text and JSON."""
