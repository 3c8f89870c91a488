"""Tasks that build, score, explain and register the ensemble."""
