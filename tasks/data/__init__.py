"""Tasks that read, check, split and profile tables."""
