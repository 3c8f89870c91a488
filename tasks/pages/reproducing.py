"""How to make a model again: its command, seed, table and package versions."""

import shlex
from collections.abc import Mapping

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.pages.facts import HowToReproduce
from espalier.pipelines.requests.train import TrainRequest

# Options of the form that the command line spells otherwise, or that say where, not what.
_NOT_SAID = {"data", "target", "workers", "memory_limit", "dask", "serving", "extends", "updates"}


def how_to_reproduce(
    request: TrainRequest,
    version: RegisteredVersion,
    *,
    fingerprint: str,
    versions: Mapping[str, str],
    can_be_verified: bool = True,
) -> HowToReproduce:
    """Return how to make a version again.

    Parameters
    ----------
    request : TrainRequest
        What was asked for.
    version : RegisteredVersion
        The version.
    fingerprint : str
        Fingerprint of its table.
    versions : mapping of str to str
        Package versions of the training.
    can_be_verified : bool
        Whether ``espalier verify`` makes such models again; not forecasts.
    """
    words = ["espalier", "train", request.shown_data, "--target", request.target]
    given = request.model_dump(mode="json", exclude_defaults=True)
    for name, value in given.items():
        if name in _NOT_SAID or value is None:
            continue
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif isinstance(value, list | tuple):
            words += [option, ",".join(map(str, value))]
        elif value is not False:
            words += [option, str(value)]
    if request.serving != "auto":
        words.append("--bagged" if request.serving == "bagged" else "--refit")
    return HowToReproduce(
        command=shlex.join(words),
        check=f"espalier verify {shlex.quote(version.name)}/{version.version}"
        if can_be_verified
        else "",
        seed=request.seed,
        fingerprint=fingerprint,
        versions=versions,
        extends=request.extends is not None,
    )
