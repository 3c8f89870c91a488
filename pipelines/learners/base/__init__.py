"""The learner interface and what its implementations share."""
