"""What the estimators show in a notebook: themselves, their progress, a report, explanations."""
