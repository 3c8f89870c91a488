"""Adapters to external systems: files, Dask, MLflow, Prefect, Great Expectations, settings."""
