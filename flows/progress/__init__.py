"""Live progress of flow runs, questions to a person, and hooks at their start and end."""
