"""Limits of a search: which trials may start, and when it ends, by time, memory and failures."""
