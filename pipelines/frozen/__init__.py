"""What features of pictures and of texts share: running a network, and keeping its answers."""
