"""What the pages say of registered models."""
