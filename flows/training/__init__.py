"""Parts of the training flow: session, search rounds, records."""
