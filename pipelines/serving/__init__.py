"""The served model: saving, loading, requirements, latency."""
