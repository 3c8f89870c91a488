"""The public door; filled in by the estimators."""
