"""The search loop's pure steps."""
