"""Count what a piece of work asks of MLflow."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from unittest.mock import patch

# What every command asks once to see that the store answers, however large it is.
PROBES = ("search_experiments", "get_experiment_by_name")


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Count the calls of MLflow's client, by method; a page is a call."""
    from mlflow import MlflowClient

    counts: Counter[str] = Counter()
    names = [
        name
        for name, value in vars(MlflowClient).items()
        if not name.startswith("_") and callable(value) and name not in PROBES
    ]

    def counting(name: str):
        method = getattr(MlflowClient, name)

        @wraps(method)
        def call(*args, **options):
            counts[name] += 1
            return method(*args, **options)

        return call

    with patch.multiple(MlflowClient, **{name: counting(name) for name in names}):
        yield counts
