"""Workbooks: which of their sheets a source names, and how it becomes a table."""
