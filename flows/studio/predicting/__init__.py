"""Answers for a single row, with their reasons."""
