"""Columns made of several others: formulas of numbers, keys of combinations, places in groups."""
