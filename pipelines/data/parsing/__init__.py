"""Column roles, and numbers, dates and words read out of text."""
