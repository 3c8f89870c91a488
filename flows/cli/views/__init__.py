"""Tables and pages about models and runs that the commands print."""
