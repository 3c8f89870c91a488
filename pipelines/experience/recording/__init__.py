"""Trials on many datasets, recorded: the store, its schema, and how recordings are made."""
