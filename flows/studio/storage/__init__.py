"""Where the studio keeps its tables and jobs."""
