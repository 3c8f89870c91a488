"""Tables: column roles, preparation, targets, splits, leakage."""
