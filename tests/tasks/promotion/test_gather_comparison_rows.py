"""The rows of a comparison, read from a file that is named for it."""

import numpy as np
import pandas as pd

from espalier.infra.registry.registry import register_version
from espalier.infra.registry.training_facts import TrainingFacts
from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.training_rows import TrainingRows, log_training_rows
from espalier.pipelines.automl.estimators import AutoMLRegressor
from espalier.pipelines.data.row_keys import key_columns, row_keys
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.pipelines.serving.saved_model import save_model
from espalier.tasks.promotion.gather_comparison_rows import gather_comparison_rows


def test_numbers_are_read_as_the_challenger_was_trained(tmp_path):
    settings = Settings(home=tmp_path / "home", tracking_uri=None, registry_uri=None)
    tracking = Tracking(settings)
    table = pd.DataFrame({"a": [f"{i},5" for i in range(40)], "y": np.arange(40.0)})
    model = AutoMLRegressor(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    model.fit(table[["a"]], table["y"])
    run_id = tracking.start_run("training")
    keys = row_keys(table)
    kept = TrainingRows(
        columns=key_columns(table), trained=keys, held_out=keys[:0], holdout=table.iloc[:0]
    )
    log_training_rows(tracking, run_id, kept)
    folder = save_model(model.model_, tmp_path / "saved", golden=table[["a"]].head(4))
    versions = [
        register_version(
            tracking, name="m", run_id=run_id, folder=folder, example=table[["a"]], tags={}
        )
        for _ in range(2)
    ]
    later = tmp_path / "later.csv"
    later.write_text("a;y\n1.234;5\n2.375;6\n")
    rows = gather_comparison_rows.fn(
        PromoteRequest(name="m", data=str(later)), *versions, TrainingFacts(target="y"), settings
    )
    assert rows.table["a"].tolist() == [1234.0, 2375.0]
    later.write_text("a;y\n1;1.500\n2;2.375\n")
    rows = gather_comparison_rows.fn(
        PromoteRequest(name="m", data=str(later)), *versions, TrainingFacts(target="y"), settings
    )
    assert any(note.startswith("Column 'y' has numbers such as") for note in rows.notes)
