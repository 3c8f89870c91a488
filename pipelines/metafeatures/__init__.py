"""Meta-features: numbers that describe a dataset."""
