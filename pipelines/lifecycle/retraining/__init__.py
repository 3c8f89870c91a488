"""Whether a retraining may go ahead, and what it starts from."""
