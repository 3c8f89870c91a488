"""Prefect flows, one story a file, and the command line.

Importing it turns off the telemetry and chatter of Prefect, MLflow and Great Expectations, unless
the user has set their variables: they read them when they are imported, which the flows do.
"""

from infra.environment import quiet_environment

quiet_environment()
