"""Adapt a request's JSON schema to the form that the Prefect UI draws from it.

By default, Prefect draws an optional field as a choice between types, one of them "None". The
adapted schema makes it a plain field that may stay empty, and keeps the fields in their order.
Fields with a fixed set of values (`FAMILIES`, `METRICS`) become drop-downs.
"""

from typing import Any

FAMILIES = (
    "lightgbm",
    "linear",
    "extra_trees",
    "catboost",
    "xgboost",
    "random_forest",
    "mlp",
    "realmlp",
    "ebm",
    "svm",
    "knn",
    "bayes",
)
"""Names of all families of tables; repeated here because importing the registry takes a second."""
NETWORK_FAMILIES = ("convnet", "textnet")
"""Names of the families of networks, which need columns of pictures, or of texts."""

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "f1",
    "f1_macro",
    "f1_micro",
    "f1_weighted",
    "precision",
    "precision_macro",
    "precision_micro",
    "precision_weighted",
    "recall",
    "recall_macro",
    "recall_micro",
    "recall_weighted",
    "jaccard",
    "jaccard_macro",
    "jaccard_micro",
    "jaccard_weighted",
    "mcc",
    "cohen_kappa",
    "positive_likelihood_ratio",
    "negative_likelihood_ratio",
    "roc_auc",
    "roc_auc_ovr",
    "roc_auc_ovr_weighted",
    "roc_auc_ovo",
    "roc_auc_ovo_weighted",
    "average_precision",
    "top_k_accuracy",
    "log_loss",
    "brier",
    "d2_log_loss",
    "d2_brier",
    "rmse",
    "mse",
    "mae",
    "median_ae",
    "max_error",
    "r2",
    "explained_variance",
    "d2_absolute_error",
    "mape",
    "smape",
    "rmsle",
    "msle",
    "poisson_deviance",
    "tweedie_deviance",
    "gamma_deviance",
    "pinball",
)
"""Names of all metrics; the task decides which of them can be used."""


FORECAST_METRICS = ("mase", "rmsse", "wape", "wql", "scrps")
"""Names of the metrics that only forecasts have; they have mae, rmse and smape as well."""

FORECAST_FAMILIES = (
    "naive",
    "ces",
    "ets",
    "theta",
    "reduction",
    "window_regression",
    "autoregression",
    "harmonic",
    "intermittent",
)
"""Names of the families of forecasts."""

NOT_IN_FORMS = ("dask", "extends", "updates")
"""Fields that a form does not show: they are the operator's, or set by another flow."""


def as_form(schema: dict[str, Any]) -> None:
    """Adapt the JSON schema of a request in place (for pydantic's ``json_schema_extra``).

    Prefect validates parameters against this schema. A field without a default may still be left
    out or null. Fields of `NOT_IN_FORMS` are checked too where a file of schedules gives them, but
    not drawn: Prefect draws properties alone, not patterns of them.
    """
    properties = schema.get("properties", {})
    hidden = {name: properties.pop(name) for name in NOT_IN_FORMS if name in properties}
    for position, (name, field) in enumerate(schema.get("properties", {}).items()):
        kinds = [each for each in field.get("anyOf", ()) if each.get("type") != "null"]
        if len(kinds) == 1 and len(kinds) < len(field["anyOf"]):
            del field["anyOf"]
            field.update({key: value for key, value in kinds[0].items() if key not in field})
            if field.get("default", 0) is None:
                del field["default"]
        if field.get("default") == [] and name not in schema.get("required", ()):
            del field["default"]
        field["position"] = position
    if hidden:
        schema["patternProperties"] = {f"^{name}$": field for name, field in hidden.items()}
