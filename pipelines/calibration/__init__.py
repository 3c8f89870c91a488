"""Post-processing of predictions: calibration, decision threshold, intervals."""
