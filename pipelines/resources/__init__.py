"""Budget and deadlines, memory, and interruption of threads."""
