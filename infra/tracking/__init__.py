"""MLflow runs: trials, artifacts, tags and decisions."""
