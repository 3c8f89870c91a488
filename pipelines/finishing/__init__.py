"""From a finished search to a fitted ensemble, in time."""
