"""Everything after the search: choose the ensemble and fit its members before the deadline."""
