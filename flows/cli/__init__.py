"""The command line: the application, its commands, and how they start flows."""
