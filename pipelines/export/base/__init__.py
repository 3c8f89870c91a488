"""What all formats share: their names, errors, the comparison with the model, and scoring."""
