"""Score a table with a registered model."""

import warnings
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import UserError
from pipelines.request import PredictRequest

WRITABLE = (".csv", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecord:
    """What was scored.

    Attributes
    ----------
    path : Path
        The file of predictions.
    n_rows : int
        Rows in it.
    model : str
        Name and version of the model.
    warnings : tuple of str
        What was noticed when the model was opened.
    """

    path: Path
    n_rows: int
    model: str
    warnings: tuple[str, ...] = ()


def score_table(request: PredictRequest) -> ScoreRecord:
    """Write the predictions of ``request``, one row for each row of the data, in its order.

    Raises
    ------
    UserError
        The output cannot be written there, the model or the data do not exist, columns are
        missing (all are named), or probabilities are asked of a regression.
    """
    from infra.registry import load, resolve
    from infra.settings import load_settings
    from infra.sources import read_table, write_table
    from pipelines.ensemble.serving import ServingWarning

    path = Path(request.out)
    if not path.name.endswith(WRITABLE):
        raise UserError(f"output {request.out!r} must end in {' or '.join(WRITABLE)}")
    if not path.absolute().parent.is_dir():
        raise UserError(f"the folder of {request.out!r} does not exist; make it first")
    settings = load_settings()
    version = resolve(request.model, settings)
    table = read_table(request.data, query=request.query)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ServingWarning)
        model = load(version, settings)
    noticed = tuple(str(each.message) for each in caught if each.category is ServingWarning)
    answer = model.predict(table)
    probabilities = [name for name in answer.columns if name != "prediction"]
    if request.proba and not probabilities:
        raise UserError(
            f"model {version.name!r} predicts numbers, which have no probabilities; "
            "leave --proba out"
        )
    write_table(answer if request.proba else answer[["prediction"]], path)
    return ScoreRecord(
        path=path,
        n_rows=len(answer),
        model=f"{version.name}/{version.version}",
        warnings=noticed,
    )
