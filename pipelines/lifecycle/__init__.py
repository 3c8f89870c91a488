"""A model's life after training: drift, retraining, promotion."""
