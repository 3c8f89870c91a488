"""The pages that tell a person of a model: its report, with charts as inline SVG."""
