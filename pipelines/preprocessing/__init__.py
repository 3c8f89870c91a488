"""Feature preprocessing that is fitted inside each fold."""
