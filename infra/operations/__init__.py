"""Housekeeping: local servers, logs, notifications, dead runs, cleaning."""
