"""Surrogates: models that predict the score and the cost of a configuration."""
