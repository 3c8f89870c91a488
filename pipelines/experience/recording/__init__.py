"""Recorded trials on many datasets: the store, its schema, and how trials are recorded."""
