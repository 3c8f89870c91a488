"""Knowledge (portfolio and predictor) and its folder, which is safe to share and quick to open.

``experience.json`` holds the card, the portfolio and the validation, ``predictor.npz`` the arrays
of the predictor. Neither contains pickles, and the JSON holds the digest of the other file.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.transfer.portfolio import Portfolio
from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.experience.transfer.validate import Validation
from espalier.pipelines.metafeatures.catalogue import SERIES_VERSION
from espalier.pipelines.metafeatures.catalogue import VERSION as META_VERSION
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serialization.strict_json import to_json
from espalier.pipelines.serialization.to_disk import replacing
from espalier.pipelines.trials.configuration import Configuration

VERSION = 3
CARD_FILE, PREDICTOR_FILE = "experience.json", "predictor.npz"
_SERIES, _TABLES = "series", "tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeCard:
    """Facts about fitted knowledge: its records, when they were made and with which versions.

    Attributes
    ----------
    n_records, n_datasets : int
        Number of trials in the store, and of datasets that were used.
    n_impossible, n_equal : int
        Number of trials dropped because today's space has no such configuration, or because they
        duplicate another one.
    left_out : tuple of str
        Datasets not used: too few trials, or meta-features of another catalogue.
    hours : float
        Total time of all trials, in hours of one core.
    recorded : (str, str)
        Times of the first and the last record, UTC.
    versions : mapping of str to str
        Package versions of the last record.
    """

    n_records: int
    n_datasets: int
    n_impossible: int
    n_equal: int
    left_out: tuple[str, ...]
    hours: float
    recorded: tuple[str, str]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What was fitted to experience, for use in runs.

    Attributes
    ----------
    portfolio : Portfolio
        The configurations to try first.
    predictor : ProcessExperience
        Predicts scores of configurations on a new dataset.
    validation : Validation
        How well the predictor ranks on datasets that it has not seen.
    card : KnowledgeCard
        Facts about the records and the fit.
    """

    portfolio: Portfolio
    predictor: ProcessExperience
    validation: Validation
    card: KnowledgeCard

    @property
    def is_of_series(self) -> bool:
        """Whether it was learned from the series of forecasts."""
        return any(each.is_of_series for each in self.portfolio.meta)

    def save(self, folder: Path) -> None:
        """Write the folder; the card is written last, so a folder without it is incomplete."""
        buffer = io.BytesIO()
        arrays = self.predictor.arrays
        small: dict[str, Any] = {name: each.astype(np.float32) for name, each in arrays.items()}
        np.savez_compressed(buffer, **small)
        content = buffer.getvalue()
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / PREDICTOR_FILE, content)
        portfolio = self.portfolio
        record = {
            "version": VERSION,
            "of": _SERIES if self.is_of_series else _TABLES,
            "meta_version": SERIES_VERSION if self.is_of_series else META_VERSION,
            "predictor": hashlib.sha256(content).hexdigest(),
            "card": asdict(self.card),
            "validation": [list(each) for each in self.validation.by_dataset],
            "coordinates": list(self.predictor.coordinates),
            "portfolio": {
                "configurations": [each.to_dict() for each in portfolio.configurations],
                "regrets": portfolio.regrets.round(5).tolist(),
                "costs": portfolio.costs.round(5).tolist(),
                "datasets": [
                    {
                        "name": name,
                        "content": content,
                        "task": str(problem),
                        "n_rows": rows,
                        "meta": meta.to_dict(),
                        "about": [round(each, 4) for each in about],
                        "best": list(best),
                    }
                    for name, content, problem, rows, meta, about, best in zip(
                        portfolio.datasets,
                        portfolio.contents,
                        portfolio.problems,
                        portfolio.n_rows,
                        portfolio.meta,
                        portfolio.statements,
                        portfolio.best,
                        strict=True,
                    )
                ],
            },
        }
        _write(folder / CARD_FILE, (to_json(record, indent=1) + "\n").encode())


def open_knowledge(folder: Path) -> Knowledge:
    """Load knowledge that `Knowledge.save` wrote.

    Raises
    ------
    UserError
        The folder holds no knowledge, is damaged, or is of another version.
    """
    again = "make it anew with: espalier experience fit --store FILE --out FOLDER"
    try:
        record = json.loads((folder / CARD_FILE).read_bytes())
        content = (folder / PREDICTOR_FILE).read_bytes()
    except FileNotFoundError:
        raise UserError(f"{str(folder)!r} holds no fitted experience; {again}") from None
    except (ValueError, OSError) as error:
        raise UserError(
            f"the fitted experience in {str(folder)!r} cannot be read ({error}); {again}"
        ) from None
    try:
        versions = record["version"], record["meta_version"]
        meta_version = SERIES_VERSION if record.get("of") == _SERIES else META_VERSION
        if versions != (VERSION, meta_version):
            raise UserError(
                f"the fitted experience in {str(folder)!r} is of version {versions[0]} with "
                f"meta-features {versions[1]}, not {VERSION} with {meta_version}; {again}"
            )
        if hashlib.sha256(content).hexdigest() != record["predictor"]:
            raise ValueError(f"{PREDICTOR_FILE} is not the one that {CARD_FILE} names")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            predictor = ProcessExperience.of_arrays(dict(arrays), record["coordinates"])
        return Knowledge(
            portfolio=_portfolio(record["portfolio"]),
            predictor=predictor,
            validation=_validation(record["validation"]),
            card=_card(record["card"]),
        )
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"the fitted experience in {str(folder)!r} is damaged "
            f"({type(error).__name__}: {error}); {again}"
        ) from None


def _portfolio(record: Mapping[str, Any]) -> Portfolio:
    datasets = record["datasets"]
    configurations = tuple(map(Configuration.from_dict, record["configurations"]))
    regrets = np.array(record["regrets"], dtype=np.float64)
    costs = np.array(record["costs"], dtype=np.float64)
    if regrets.shape != (len(configurations), len(datasets)) or len(costs) != len(configurations):
        raise ValueError("the portfolio's regrets do not fit its configurations")
    return Portfolio(
        configurations=configurations,
        regrets=regrets,
        costs=costs,
        datasets=tuple(each["name"] for each in datasets),
        contents=tuple(str(each["content"]) for each in datasets),
        problems=tuple(ProblemKind(each["task"]) for each in datasets),
        n_rows=tuple(int(each["n_rows"]) for each in datasets),
        meta=tuple(MetaFeatures.from_dict(each["meta"]) for each in datasets),
        best=tuple(tuple(map(int, each["best"])) for each in datasets),
        statements=tuple(tuple(map(float, each["about"])) for each in datasets),
    )


def _validation(rows: Any) -> Validation:
    return Validation(tuple((str(name), float(value)) for name, value in rows))


def _card(record: Mapping[str, Any]) -> KnowledgeCard:
    first, last = record["recorded"]
    values = {**record, "left_out": tuple(record["left_out"]), "recorded": (first, last)}
    return KnowledgeCard(**values)


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as partial:
        partial.write_bytes(content)
