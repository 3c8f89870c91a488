"""The retraining gate, the hold-out of a retraining, and its warm start."""
