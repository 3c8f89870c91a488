"""Tasks that compare champion and challenger and move aliases."""
