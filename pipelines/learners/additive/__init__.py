"""Additive models: a curve for each column, and a surface for some pairs."""
