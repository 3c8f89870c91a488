"""The whole model: members, their combination, what follows it, and the file."""
