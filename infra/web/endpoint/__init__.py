"""The endpoint: a server before worker processes, each with one version of a model."""
