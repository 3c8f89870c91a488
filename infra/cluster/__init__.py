"""Dask: clusters, workers and the executor of trials."""
