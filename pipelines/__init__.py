"""The machine-learning core: pure numpy, pandas and scikit-learn, with no platform in it."""
