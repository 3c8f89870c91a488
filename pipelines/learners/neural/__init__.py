"""Neural networks for tables, in NumPy."""
