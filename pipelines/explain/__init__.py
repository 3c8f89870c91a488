"""What a fitted model can say of itself on rows that it has not seen."""
