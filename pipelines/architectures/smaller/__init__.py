"""Smaller forms of trained networks: thinner convolutions, and numbers of eight bits."""
