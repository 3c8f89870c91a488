"""The options of a training that decide which trials are run and how they are scored."""

from typing import Any

from espalier.pipelines.requests.forecast_options import FORECAST_FIELDS, UNSET
from espalier.pipelines.requests.form import Form


def essentials_of(request: Form, model_name: str) -> dict[str, Any]:
    """Return them, ready for JSON; an option that was added later is left out where it is unset.

    So a run that an earlier version began has the same essentials as before.

    Parameters
    ----------
    request : Form
        A request to train.
    model_name : str
        The name that the model is registered under.
    """
    given: dict[str, Any] = dict(request)
    kept = {
        "target",
        "task",
        "metric",
        "time_budget",
        "trials",
        "families",
        "search",
        "seed",
        "group_column",
        "time_column",
        "exclude",
        "start_from",
    }
    more: dict[str, Any] = {
        name: given[name]
        for name in (
            "extends",
            "weight_column",
            "folds",
            "image_root",
            "portable",
            "max_operations",
        )
        if given[name] is not None
    }
    if given["bad_files"] != "missing":
        more["bad_files"] = given["bad_files"]
    more |= {name: True for name in ("interpretable", "refit_on_all", "updates") if given[name]}
    more |= {
        name: list(given[name]) if isinstance(given[name], tuple) else given[name]
        for name in ("image_columns", *FORECAST_FIELDS)
        if given[name] not in UNSET
    }
    return request.model_dump(mode="json", include=kept) | {"name": model_name} | more
