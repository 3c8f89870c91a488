"""What happens to a model after it is trained: drift, retraining, promotion."""
