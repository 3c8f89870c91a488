"""Columns of vectors that frozen networks made, as numbers for a model."""
