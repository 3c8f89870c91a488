"""Expectations that people state for the training tables of a model, and their YAML."""
