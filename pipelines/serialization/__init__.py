"""Strict JSON, sealed pickles, and pickles of older versions."""
