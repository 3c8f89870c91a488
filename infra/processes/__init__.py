"""Processes of this machine: identity, records, locks."""
