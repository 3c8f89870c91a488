"""Parts of the flows that train: session, search rounds, reproduction, retraining gate."""
