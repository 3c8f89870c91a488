"""Read tables from files, URLs and databases, and write tables."""
