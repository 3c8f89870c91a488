"""The search: what to try next, with which limits, and when to stop."""
