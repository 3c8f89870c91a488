"""Experience: scores of configurations on many datasets, and the knowledge fitted to them."""
