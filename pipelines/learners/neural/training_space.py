"""The hyperparameters of a network's training that all families of networks share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from espalier.pipelines.architectures.recipe import Recipe
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


def add_optimisers(
    made: "ConfigurationSpace",
    *,
    rates: tuple[float, float] = (5e-4, 3e-2),
    rate: float = 0.01,
    sgd_rates: tuple[float, float] = (0.01, 0.5),
    sgd_rate: float = 0.1,
) -> None:
    """Add the choice of an optimiser to a space, with the parameters that each has of its own.

    Parameters
    ----------
    made : ConfigurationSpace
        Where they are added.
    rates, sgd_rates : (float, float)
        Least and largest learning rate, of AdamW and Adam, and of SGD.
    rate, sgd_rate : float
        The defaults.
    """
    from ConfigSpace import Categorical, EqualsCondition, Float, InCondition

    optimiser: Any = Categorical("optimiser", ["adamw", "adam", "sgd"], default="adamw")
    beta: Any = Float("beta", (0.8, 0.99), default=0.9)
    beta2: Any = Categorical("beta2", [0.99, 0.999], default=0.99)
    of_adam: Any = Float("learning_rate", rates, log=True, default=rate)
    decay: Any = Float("weight_decay", (1e-4, 0.3), log=True, default=0.05)
    of_sgd: Any = Float("sgd_learning_rate", sgd_rates, log=True, default=sgd_rate)
    momentum: Any = Float("momentum", (0.5, 0.95), default=0.9)
    sgd_decay: Any = Float("sgd_weight_decay", (1e-5, 5e-3), log=True, default=5e-4)
    nesterov: Any = Categorical("nesterov", [True, False], default=True)
    made.add([optimiser, beta, beta2, of_adam, decay, of_sgd, momentum, sgd_decay, nesterov])
    made.add([InCondition(each, optimiser, ["adamw", "adam"]) for each in (beta, beta2, of_adam)])
    made.add(EqualsCondition(decay, optimiser, "adamw"))
    made.add(
        [
            EqualsCondition(each, optimiser, "sgd")
            for each in (of_sgd, momentum, sgd_decay, nesterov)
        ]
    )


def recipe_by(values: Mapping[str, Value]) -> Recipe:
    """Return how a configuration's network is trained, without what only pictures have."""
    texts = cast("Mapping[str, Any]", values)
    optimiser = texts["optimiser"]
    is_sgd = optimiser == "sgd"
    decay = "sgd_weight_decay" if is_sgd else "weight_decay"
    return Recipe(
        optimiser=optimiser,
        learning_rate=float(values["sgd_learning_rate" if is_sgd else "learning_rate"]),
        momentum=float(values["momentum" if is_sgd else "beta"]),
        nesterov=bool(values.get("nesterov", False)),
        beta2=float(values.get("beta2", 0.99)),
        weight_decay=float(values.get(decay, 0.0)),
        schedule=texts["schedule"],
        batch_size=int(values["batch_size"]),
        epochs=int(values["epochs"]),
        label_smoothing=float(values.get("label_smoothing", 0.0)),
        dropout=float(values["dropout"]),
    )
