"""Knowledge for new datasets, fitted to recorded trials: portfolio and predictor."""
