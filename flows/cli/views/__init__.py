"""What commands print: tables and pages about models and runs."""
