"""What operators watch of an installation: its figures, for Prometheus."""
