"""Requests: the validated options of each flow."""
