"""What a run may read and write, by who asked for it: its operator, or a form."""
