"""What all pages need: templates, charts, forms, and the parts of the studio they use."""
