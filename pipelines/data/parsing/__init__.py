"""Detect column roles, and parse numbers, dates and categories from text."""
