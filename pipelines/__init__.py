"""The machine-learning core: plain NumPy, pandas and scikit-learn, without Prefect or MLflow."""
