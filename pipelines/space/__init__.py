"""The conditional search space."""
