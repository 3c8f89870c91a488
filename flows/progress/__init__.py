"""Live progress of a flow run and the hooks that end it."""
