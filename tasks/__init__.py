"""Prefect tasks, one a file: retries, time-outs and caching around one call of the core."""
