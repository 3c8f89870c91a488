"""How a request looks as a form in the Prefect UI, which draws it from the JSON schema.

An optional field would be drawn as a choice between kinds of values, one of them "None". Here it
becomes a plain field that may stay empty. Names that are known become drop-downs, and fields keep
their order.
"""

from typing import Any

FAMILIES = (
    "lightgbm", "linear", "extra_trees", "catboost", "xgboost", "random_forest", "mlp", "svm",
    "knn", "bayes",
)  # fmt: skip
"""Every family; apart from the registry, whose import takes a second."""

METRICS = (
    "accuracy", "balanced_accuracy", "f1", "f1_macro", "f1_micro", "f1_weighted", "precision",
    "precision_macro", "precision_micro", "precision_weighted", "recall", "recall_macro",
    "recall_micro", "recall_weighted", "jaccard", "jaccard_macro", "jaccard_micro",
    "jaccard_weighted", "mcc", "cohen_kappa", "positive_likelihood_ratio",
    "negative_likelihood_ratio", "roc_auc", "roc_auc_ovr", "roc_auc_ovr_weighted", "roc_auc_ovo",
    "roc_auc_ovo_weighted", "average_precision", "top_k_accuracy", "log_loss", "brier",
    "d2_log_loss", "d2_brier", "rmse", "mse", "mae", "median_ae", "max_error", "r2",
    "explained_variance", "d2_absolute_error", "mape", "smape", "rmsle", "msle",
    "poisson_deviance", "gamma_deviance", "pinball",
)  # fmt: skip
"""Every metric; which of them fit is up to the task."""


def as_form(schema: dict[str, Any]) -> None:
    """Change a model's JSON schema (``json_schema_extra``) into that of a form.

    Prefect checks parameters against it; a field that is left out or null stays valid where it has
    no default.
    """
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
