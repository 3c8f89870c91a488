"""Acquisition: choose the configurations to try next."""
