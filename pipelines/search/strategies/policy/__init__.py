"""Search by reinforcement learning: a policy over an embedding of configurations."""
