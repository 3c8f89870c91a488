"""Ports and pages of local servers."""
