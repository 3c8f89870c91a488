"""What is learned from recorded trials for a dataset that is not among them."""
