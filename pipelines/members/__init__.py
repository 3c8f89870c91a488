"""Members of an ensemble: cost, latency and size where they serve."""
