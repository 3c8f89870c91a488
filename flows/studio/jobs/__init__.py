"""Commands that the studio has started, each in a process of its own."""
