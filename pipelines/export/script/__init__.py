"""The best single pipeline as a short script of plain libraries."""
