"""Prefect tasks, one per file: retries, timeouts and caching around a call of the core."""
