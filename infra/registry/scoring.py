"""Score rows with a registered model in a separate process."""

import json
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from espalier.infra.registry import scoring_process as score_child
from espalier.infra.registry.logged_model import LOADER
from espalier.infra.registry.model_files import OutdatedModelError, model_files, outdated
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tracking.training_rows import write_any_parquet
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.predictions import ModelPredictions, label_texts

_LOG = logging.getLogger(__name__)

TIMEOUT_SECONDS = 3600.0


def score_rows(
    version: RegisteredVersion,
    rows: pd.DataFrame,
    settings: Settings,
    *,
    timeout: float = TIMEOUT_SECONDS,
) -> ModelPredictions:
    """Return a registered model's predictions of raw rows, by the code it was saved with.

    So a version answers too that this Espalier could not open.

    Raises
    ------
    OutdatedModelError
        It is such a version, and its own code does not open it either.
    UserError
        The version was not made by Espalier, its files are missing, or it cannot predict these
        rows; the message quotes the last line of its process.
    """
    files = model_files(version, settings, any_age=True)
    shown = f"{version.name}/{version.version}"
    with tempfile.TemporaryDirectory(prefix="espalier-score-") as scratch:
        folder = Path(scratch)
        write_any_parquet(rows, folder / "rows.parquet")
        job = {"code": str(files.code), "saved": str(files.saved), "loader": files.loader}
        (folder / "job.json").write_text(json.dumps(job))
        try:
            # -I: neither the working folder nor PYTHONPATH may provide another `espalier`.
            ended = subprocess.run(
                [sys.executable, "-I", str(score_child.__file__), str(folder)],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UserError(
                f"model {shown} did not answer {len(rows):,} rows within {timeout:g} s; give it "
                "fewer rows at once"
            ) from None
        if ended.returncode != 0 or not (folder / "answer.json").exists():
            if files.loader != LOADER:
                _LOG.warning("model %s: %s", shown, ended.stderr.strip()[-300:])
                raise OutdatedModelError(outdated(version))
            last = (ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"])[-1]
            raise UserError(f"model {shown} cannot answer these rows: {last[:300]}")
        answer = json.loads((folder / "answer.json").read_text())
        scores = np.load(folder / "scores.npy", allow_pickle=False)
    for line in answer["noticed"]:
        _LOG.warning("model %s: %s", shown, line)
    size = sum(path.stat().st_size for path in files.saved.rglob("*") if path.is_file())
    return ModelPredictions(
        scores=scores,
        classes=label_texts(answer["classes"]),
        latency_ms=answer["latency_ms"],
        size_mb=size / 1e6,
        threshold=answer.get("threshold"),
    )
