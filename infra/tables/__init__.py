"""Tables from files, URLs and databases, and tables written."""
