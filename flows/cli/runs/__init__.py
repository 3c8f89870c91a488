"""From a command to a finished flow run: one module a command that starts a flow."""
