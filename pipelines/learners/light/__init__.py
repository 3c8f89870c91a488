"""Smaller forms of fitted models, and the count of what a model has and does."""
