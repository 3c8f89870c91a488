"""Folds and hold-outs, with groups, time and strata."""
