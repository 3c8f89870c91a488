"""Pages and cards: report, model card, artifacts of a flow run."""
