"""Prefect: server, schedules, logs and results."""
