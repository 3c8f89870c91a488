"""Ensembles of forecasts: weights by block of the horizon, and quantiles."""
