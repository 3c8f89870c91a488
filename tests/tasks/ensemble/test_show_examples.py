"""The page of examples is made for tables with pictures or sentences only."""

import logging
from types import SimpleNamespace

import pandas as pd

from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.resources.budget import Deadline
from espalier.tasks.ensemble.show_examples import log_examples


def test_the_model_of_a_plain_table_is_not_read(tmp_path, caplog):
    table = pd.DataFrame({"age": [30.5, 41.0, 52.5, 63.0], "left": [0, 1, 0, 1]})
    preparation, _ = prepare(table, target="left")
    settings = SimpleNamespace(keep_holdout_rows=10, keep_reference_rows=10)
    run = SimpleNamespace(tracking=SimpleNamespace(settings=settings))
    prepared = SimpleNamespace(series=None, data=SimpleNamespace(preparation=preparation))
    ensemble = SimpleNamespace(path=tmp_path / "none")
    with caplog.at_level(logging.WARNING):
        log_examples.fn(run, prepared, ensemble, Deadline.after(60.0))
    assert "there are no examples" not in caplog.text
