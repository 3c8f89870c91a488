"""Pictures on disk: folders and archives of them as tables, and their paths in tables."""
