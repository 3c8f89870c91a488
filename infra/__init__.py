"""Adapters to the outside: files, Dask, MLflow, Prefect, Great Expectations, settings."""
