"""Run `espalier predict`: no flow, and a Prefect server only where the source is in a block."""

from typing import TYPE_CHECKING

from espalier.pipelines.requests.predict import PredictRequest

if TYPE_CHECKING:
    from espalier.tasks.prediction.score_table import ScoreRecord


def run_prediction(request: PredictRequest) -> "ScoreRecord":
    """Predict the table of ``request``, write the predictions, and return what was done.

    Raises
    ------
    UserError
        As `espalier.tasks.prediction.score_table.score_table`.
    """
    from espalier.infra.tables.placeholders import needs_blocks

    if not needs_blocks(request.data):
        from espalier.tasks.prediction.score_table import score_table

        return score_table(request)

    from espalier.infra.orchestration.server import PrefectServer
    from espalier.infra.settings import load_settings

    # The address of the server must be known before prefect is imported.
    with PrefectServer(load_settings()).start() as server:
        server.wait()
        from espalier.tasks.prediction.score_table import score_table

        return score_table(request)
