"""Drift between tables."""
