"""What answers over HTTP: registered models as an endpoint."""
