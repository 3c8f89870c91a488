"""Metrics: the catalogue, custom ones, and scoring with them."""
