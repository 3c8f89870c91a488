"""Measure drift between a training table and new rows."""
