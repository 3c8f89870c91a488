"""One `espalier` command that counts its calls to MLflow: ``inner.py FILE ARGUMENT...``.

The number is written when the command ends; of one that is killed there is none.
"""

import json
import sys
import threading
from functools import wraps
from pathlib import Path
from typing import Any


def count_calls() -> dict[str, int]:
    """Count the calls of MLflow's client from now on, by name; those it makes itself are not."""
    from mlflow import MlflowClient

    counts: dict[str, int] = {}
    within = threading.local()

    def counted(name: str, method: Any) -> Any:
        @wraps(method)
        def call(*args: Any, **options: Any) -> Any:
            if getattr(within, "is_true", False):
                return method(*args, **options)
            counts[name] = counts.get(name, 0) + 1
            within.is_true = True
            try:
                return method(*args, **options)
            finally:
                within.is_true = False

        return call

    for name in dir(MlflowClient):
        method = getattr(MlflowClient, name)
        if not name.startswith("_") and callable(method):
            setattr(MlflowClient, name, counted(name, method))
    return counts


def main() -> None:
    """Run the command and write what it called."""
    from espalier.flows.cli.app import run

    counts = count_calls()
    status = run(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(counts))
    sys.exit(status)


if __name__ == "__main__":
    main()
