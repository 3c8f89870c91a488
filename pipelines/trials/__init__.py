"""Configurations, trials, their history and failures."""
