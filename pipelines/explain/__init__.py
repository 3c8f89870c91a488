"""Explain a fitted model on hold-out rows: column importances, mistakes, leaderboard."""
