"""Models and losses for other targets than the mean, shared by the families."""
