"""A training's table is held against what people state for its model, on a real registry."""

import json

import numpy as np
import pandas as pd
import pytest

from espalier.infra.environment import quiet_environment

quiet_environment()

from espalier.infra.registry.registry_pages import make_registered_model  # noqa: E402
from espalier.infra.registry.suites.owned_suites import change_owned  # noqa: E402
from espalier.infra.settings import load_settings  # noqa: E402
from espalier.infra.tracking.tracking import Tracking  # noqa: E402
from espalier.pipelines.data.owned.suite_file import parse_line  # noqa: E402
from espalier.pipelines.errors import DataRefusedError  # noqa: E402
from espalier.pipelines.requests.train import TrainRequest  # noqa: E402
from espalier.tasks.data import validate_table as module  # noqa: E402
from espalier.tasks.pickles import write_pickle  # noqa: E402
from espalier.tasks.records import TableRef, TrainingRun  # noqa: E402


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Check a table as the training of a model does."""
    pages = []
    # There is no Prefect server here to show the page.
    monkeypatch.setattr(module, "publish_markdown", lambda *page: pages.append(page))
    tracking = Tracking(load_settings())
    make_registered_model(tracking.client, "tips")

    def run(table, *lines, severity="error"):
        added = [parse_line(line, severity) for line in lines]
        change_owned(
            load_settings(), "tips", lambda suite: suite.with_expectations(added), actor="ann"
        )
        ref = TableRef.of(table, "f", tmp_path)
        tmp_path.mkdir(exist_ok=True)
        write_pickle(table, ref.path)
        request = TrainRequest(data="tips.csv", target="tip", name="tips", trials=1)
        record = module.validate_table.fn(
            TrainingRun(request=request, table=ref, tracking=tracking)
        )
        return record, json.loads(record.json_path.read_text()), record.html_path.read_text()

    return run


def test_what_people_state_is_checked_marked_and_may_refuse(check):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"bill": rng.uniform(5, 50, 60), "tip": rng.uniform(1, 9, 60)})
    line = "expect_column_values_to_be_between column=bill max_value=20"
    record, kept, page = check(table, line, severity="warning")
    assert [severity for severity, _ in record.failures] == ["warn"]
    assert "stated by a person" in page
    [stated] = [each for each in kept["expectations"] if each.get("owned")]
    assert stated["parameters"] == {"max_value": 20}
    assert kept["n_rows"] == 60
    with pytest.raises(DataRefusedError, match="is refused: every cell of 'bill'"):
        check(table, line)
