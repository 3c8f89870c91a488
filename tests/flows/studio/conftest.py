"""A studio on stores of its own, and a person who opens its pages and sends its forms."""

import io
import re
import shutil
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from espalier.flows.studio.app import make_app
from espalier.flows.studio.security.hosts import KnownHosts
from espalier.infra.settings import Settings

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
HERE = "http://127.0.0.1:8600"


@dataclass(frozen=True)
class Visitor:
    """A browser at a studio."""

    client: TestClient

    def get(self, path, **options):
        return self.client.get(path, **options)

    def token(self, page="/data"):
        """Return the token of the forms on a page."""
        text = self.client.get(page).text
        return re.search(r'name="csrf" value="([0-9a-f]+)"', text)[1]

    def post(self, path, fields=None, *, files=None, page="/data", **options):
        """Send a form as the page has it."""
        fields = {"csrf": self.token(page)} | (fields or {})
        return self.client.post(path, data=fields, files=files, **options)

    def upload(self, name, content):
        """Upload a file; return the answer."""
        return self.post("/data/upload", files={"file": (name, io.BytesIO(content))})

    def table(self, name, content):
        """Upload a file that is good; return the id of its table."""
        found = self.upload(name, content)
        assert found.status_code == 200, found.text
        return found.url.path.rpartition("/")[2]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A new MLflow database: making its tables takes seconds, copying it does not."""
    from espalier.infra.tracking.store import make_client

    home = tmp_path_factory.mktemp("empty")
    make_client(Settings(home=home, tracking_uri=None, registry_uri=None))
    return home / "mlflow.db"


@pytest.fixture(scope="session")
def new_home(empty_database, tmp_path_factory):
    """Return settings of a new home folder with an empty store."""

    def make():
        home = tmp_path_factory.mktemp("home")
        shutil.copy(empty_database, home / "mlflow.db")
        return Settings(home=home, tracking_uri=None, registry_uri=None)

    return make


@pytest.fixture(scope="session")
def visit():
    """Open a studio of a home folder."""

    def open_one(settings, *, password=None, most_bytes=1_000_000, **options):
        hosts = KnownHosts.of("127.0.0.1")
        app = make_app(settings, password=password, hosts=hosts, most_bytes=most_bytes)
        return Visitor(TestClient(app, base_url=HERE, **options))

    return open_one


@pytest.fixture(scope="module")
def home(new_home):
    """The empty home folder of a module."""
    return new_home()


@pytest.fixture(scope="module")
def visitor(home, visit):
    """A visitor of a studio with an empty home folder."""
    return visit(home)


def messy_rows(n=120, seed=0):
    """A table like those that people have, some names and cells of it being attacks on a page."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    table = pd.DataFrame(
        {
            "customer": [f"C{number:05d}" for number in range(n)],
            "age": age,
            "spend, net": [f"{value:.2f}".replace(".", ",") for value in rng.gamma(3, 20, n)],
            "since": pd.date_range("2020-01-31", periods=n).strftime("%d/%m/%Y"),
            SCRIPT: rng.choice([IMAGE, "plain", SCRIPT], n),
            "constant": "x",
        }
    )
    table["churned"] = np.where(age + rng.normal(0, 15, n) > 55, "yes", "no")
    table.loc[::17, "age"] = np.nan
    return table


@pytest.fixture(scope="session")
def messy():
    """A messy table as the bytes of a CSV file with semicolons."""
    return messy_rows().to_csv(index=False, sep=";").encode()


@pytest.fixture(scope="session")
def registered(new_home, tmp_path_factory):
    """A home folder with a model of two versions: `churn`, whose names and cells are attacks."""
    from espalier.infra.registry.registry import register_version
    from espalier.infra.tracking.artifacts import EXAMPLES_FILE, LEADERBOARD_FILE, REPORT_FILE
    from espalier.infra.tracking.tracking import Tracking
    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    settings, rows = new_home(), messy_rows()
    features = rows.drop(columns="churned")
    estimator = AutoMLClassifier(
        time_budget=None, n_trials=2, families=["linear"], random_state=0, n_jobs=1
    )
    model = estimator.fit(features, rows["churned"]).model_
    folder = save_model(model, tmp_path_factory.mktemp("saved"), golden=features.head(8))
    tracking = Tracking(settings)
    for score in (0.8, 0.85):
        run_id = tracking.start_run("training")
        tracking.log_text(run_id, f"<!doctype html><p>report</p>{SCRIPT}", REPORT_FILE)
        tracking.log_text(run_id, "<!doctype html><p>examples</p>", EXAMPLES_FILE)
        tracking.log_json(run_id, [], LEADERBOARD_FILE)
        register_version(
            tracking,
            name="churn",
            run_id=run_id,
            folder=folder,
            example=features,
            tags={"holdout_score": score, "metric": "roc_auc", "task": "binary"},
        )
    return settings


@pytest.fixture(scope="session")
def progress_of():
    """Return the progress of a search with one trial that is best and newest."""
    from espalier.flows.progress.listeners import SearchProgress
    from espalier.pipelines.trials.configuration import Configuration
    from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

    def make(*, n_trials, score, seconds_left, is_best=True):
        trial = Trial(number=n_trials, configuration=Configuration.of("linear", {}), seed=0)
        result = TrialResult(
            trial=trial, status=TrialStatus.SUCCESS, score=score, fold_scores=(score,), seconds=1.0
        )
        return SearchProgress(
            metric="roc_auc",
            n_trials=n_trials,
            n_failed=0,
            n_wanted=None,
            best=result,
            last=result if is_best else None,
            seconds_left=seconds_left,
            seconds_budget=100.0,
        )

    return make
