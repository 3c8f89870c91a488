"""Evaluate one trial: its folds, limits and early stopping; scores of hold-out rows."""
