"""From the user's long table to a panel of series, and back."""
