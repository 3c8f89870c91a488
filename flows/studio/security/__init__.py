"""Who may use the studio, and which requests are answered."""
