"""Numbers that characterise a dataset."""
