"""Run folders: the record from which a run continues."""
