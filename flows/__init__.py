"""Prefect flows, one story a file, and the command line."""
