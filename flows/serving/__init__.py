"""`espalier serve`: deployments, schedules and the process that runs the flows."""
