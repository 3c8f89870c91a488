"""The program that opens saved models one by one and asks their golden rows again.

It reads the folder of a saved model a line from standard input, and answers each with a line of
JSON. It runs apart from the command because opening a model with other packages may end the
process, or never end; see `espalier.infra.operations.model_checks`.
"""

import json
import os
import sys
from typing import Any


def main() -> None:
    """Answer every folder until there is no further one."""
    # Native libraries print to standard output; the answers go where it was.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(answer(line.rstrip("\n"))) + "\n")
        answers.flush()


def answer(folder: str) -> dict[str, Any]:
    """Return what came of opening a saved model, as a JSON-ready record."""
    from espalier.pipelines.serving.saved_forecast import FORECAST_FILE, open_forecast
    from espalier.pipelines.serving.saved_model import open_model

    try:
        is_forecast = os.path.exists(os.path.join(folder, FORECAST_FILE))
        check = open_forecast(folder).check if is_forecast else open_model(folder).check
    except Exception as error:  # whatever it is, this model cannot be used
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return {"answers": "failed", "text": said[:500], "packages": _packages(folder)}
    return {
        "answers": str(check.golden.answers),
        "text": check.golden.text,
        "packages": [str(each) for each in check.packages],
    }


def _packages(folder: str) -> list[str]:
    """Return the packages that differ, for a model that does not open."""
    from espalier.pipelines.serving.saved_model import changed_packages

    try:
        return [str(each) for each in changed_packages(folder)]
    except (OSError, ValueError, KeyError):
        return []


if __name__ == "__main__":
    main()
