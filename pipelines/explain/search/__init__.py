"""Explain a search: which settings mattered, where the best came from, how the ensemble grew."""
