"""Compare a challenger with the champion and decide about its promotion."""
