"""MLflow's model registry: versions, aliases, models and their files."""
