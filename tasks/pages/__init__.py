"""Pages about a model: HTML report, model card and their parts."""
