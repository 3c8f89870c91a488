"""What moves the answers: single columns, pairs of them, and the columns of single rows."""
