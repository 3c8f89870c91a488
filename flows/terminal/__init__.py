"""Exit codes, console output and outcome files of a command."""
