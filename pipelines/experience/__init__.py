"""Experience: what configurations scored on many datasets, and what is learned from it."""
