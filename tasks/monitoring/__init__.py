"""Tasks that score a champion on new data and measure drift."""
