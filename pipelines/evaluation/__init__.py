"""Metrics, folds, limits, one trial."""
