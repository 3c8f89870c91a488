"""Tasks of the search: propose, evaluate and log batches of trials."""
