"""Run folders: the stored state of a run, from which it can continue."""
