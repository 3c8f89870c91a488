"""What a search may start, and when it ends: time, memory, folds, hopeless trials."""
