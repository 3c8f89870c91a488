"""The folder of a run in which fold models of its best trials are stored until it is done."""

import hashlib
from pathlib import Path

from espalier.infra.runs.seals import seal_key
from espalier.infra.runs.store import FOLD_MODELS
from espalier.infra.store_errors import disk_errors
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.serialization.sealed_files import KEY_BYTES


def open_fold_models(run_folder: Path, home: Path) -> FoldModels:
    """Open the store of fold models in a run folder; a continued run finds its models there.

    Workers write there, so they get a seal key for this run only, derived from the home folder's.

    Raises
    ------
    StoreUnavailableError
        The folder cannot be created.
    """
    key = hashlib.blake2b(run_folder.name.encode(), key=seal_key(home), digest_size=KEY_BYTES)
    folder = run_folder / FOLD_MODELS
    with disk_errors(run_folder):
        folder.mkdir(parents=True, exist_ok=True)
    return FoldModels(folder, key.digest())
