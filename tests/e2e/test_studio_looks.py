"""Every page of the studio at 1280 and 400 pixels, light and dark, by keyboard and by ear.

Run it with ``pytest -m e2e tests/e2e/test_studio_looks.py``. Nothing is trained: the models are
made by the estimators. What the pages look like is left in ``screenshots``.
"""

import io
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

from tests.e2e.conftest import FLAGS, SCREENSHOTS, wait_for
from tests.flows.studio.conftest import messy_rows
from tests.forecast_maker import sales, saved_forecast
from tests.picture_maker import as_bytes, shape_picture

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WIDTHS = {"wide": (1280, 900), "phone": (400, 800)}
THEMES = ("light", "dark")
PLACE = SCREENSHOTS / "studio"

LOOK = Path(__file__).with_name("page_names.js").read_text(encoding="utf-8")
CONTRAST = Path(__file__).with_name("page_contrast.js").read_text(encoding="utf-8")
FOCUSED = """
const e = document.activeElement, s = getComputedStyle(e);
return [e.tagName, e.className, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2];
"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """Settings of a home with tables, pictures, a model of a table and a forecast."""
    from espalier.flows.studio.app import make_studio
    from espalier.flows.studio.jobs import commands
    from espalier.infra.registry.registry import register_version
    from espalier.infra.settings import Settings
    from espalier.infra.tracking.artifacts import LEADERBOARD_FILE, REPORT_FILE
    from espalier.infra.tracking.tracking import Tracking
    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    settings = Settings(home=tmp_path_factory.mktemp("home"), tracking_uri=None, registry_uri=None)
    made = make_studio(settings, password=None, most_bytes=10_000_000)
    rows = messy_rows()
    features = rows.drop(columns="churned")
    model = (
        AutoMLClassifier(
            time_budget=None, n_trials=2, families=["linear"], random_state=0, n_jobs=1
        )
        .fit(features, rows["churned"])
        .model_
    )
    folder = save_model(model, tmp_path_factory.mktemp("saved"), golden=features.head(8))
    tracking = Tracking(settings)
    for score in (0.8, 0.85):
        run_id = tracking.start_run("training")
        tracking.log_text(run_id, "<!doctype html><p>report</p>", REPORT_FILE)
        tracking.log_json(run_id, [], LEADERBOARD_FILE)
        tags = {"holdout_score": score, "metric": "roc_auc", "task": "binary"}
        register_version(
            tracking, name="churn", run_id=run_id, folder=folder, example=features, tags=tags
        )
    folder, golden, fitted = saved_forecast(tmp_path_factory.mktemp("forecast"))
    register_version(
        tracking,
        name="sales",
        run_id=tracking.start_run("training"),
        folder=folder,
        example=golden,
        tags={"holdout_score": 0.9, "metric": "mase", "task": "forecast"},
    )

    def upload(name, content):
        return made.shelf.upload(name, io.BytesIO(content))

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for kind in ("disc", "square"):
            for number in range(12):
                packed.writestr(f"{kind}/{number}.png", as_bytes(shape_picture(kind, number)))
    table = upload("Kunden (Mai).csv", rows.to_csv(index=False, sep=";").encode())
    series = upload("sales.csv", sales().to_csv(index=False).encode())
    pictures = upload("shapes.zip", archive.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("espalier.flows.studio.jobs.runner.program", lambda: ["/bin/echo"])
        job = made.jobs.start(commands.forecast("sales/1", series), actor="ann")
    fitted.predict().to_csv(job.result_path, index=False)
    asked = "time_column=day&target=units&series_column=shop&horizon=7&freq="
    pages = {
        "home": "/",
        "data": "/data",
        "table": f"/data/{table.id}?target=churned",
        "train": f"/train/new?table={table.id}&target=churned&exclude=customer",
        "pictures": f"/pictures/{pictures.id}",
        "train-pictures": f"/train/new?table={pictures.id}&target=label",
        "forecast": f"/forecast/{series.id}?{asked}",
        "trainings": "/train",
        "work": f"/work/{job.record.id}",
        "forecast-result": f"/work/{job.record.id}/forecast?series=south",
        "models": "/models",
        "model": "/models/churn",
        "version": "/models/churn/2",
        "compare": "/models/churn/compare/1/2",
        "predict": "/predict",
        "predict-file": "/predict/churn",
        "predict-forecast": "/predict/sales",
        "row": "/predict/churn/row",
        "deploy": "/deploy",
        "watch": "/watch",
        "watch-model": "/watch/churn",
        "not-there": "/nowhere",
    }
    return settings, pages


@pytest.fixture(scope="module")
def address(studio):
    """The address of the studio, served by a thread."""
    import uvicorn

    from espalier.flows.studio.app import make_app
    from espalier.flows.studio.security.hosts import KnownHosts

    app = make_app(studio[0], password=None, hosts=KnownHosts.of("127.0.0.1"))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started, seconds=60)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture(scope="module")
def driver(chromium, tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = chromium["chromium"]
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    made = webdriver.Chrome(options=options, service=Service(chromium["chromedriver"]))
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    yield made
    made.quit()


def test_every_page_fits_is_readable_and_speaks(driver, studio, address):
    faults = []
    for name, path in studio[1].items():
        driver.get(f"{address}{path}")
        wait_for(
            lambda: "Being checked" not in driver.find_element("tag name", "body").text,
            seconds=120,
            say=f"the checks on {name}",
        )
        for details in driver.find_elements("xpath", "//main//details[not(@open)]"):
            driver.execute_script("arguments[0].open = true", details)
        faults += [(name, each) for each in driver.execute_script(LOOK)]
        for width, (across, down) in WIDTHS.items():
            metrics = {"width": across, "height": down, "deviceScaleFactor": 1}
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride", metrics | {"mobile": width == "phone"}
            )
            wide = driver.execute_script("return document.documentElement.scrollWidth")
            if wide > across:
                faults.append((name, f"{wide} of {across} pixels wide"))
            for theme in THEMES:
                # Without motion: a colour that still changes is neither the old nor the new one.
                media = [
                    {"name": "prefers-color-scheme", "value": theme},
                    {"name": "prefers-reduced-motion", "value": "reduce"},
                ]
                driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
                faults += [(name, theme, each) for each in driver.execute_script(CONTRAST)]
                tall = driver.execute_script("return document.documentElement.scrollHeight")
                shot = metrics | {"height": min(tall, 3000), "mobile": width == "phone"}
                driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shot)
                driver.save_screenshot(str(PLACE / f"{name}-{width}-{theme}.png"))
                driver.execute_cdp_cmd(
                    "Emulation.setDeviceMetricsOverride", metrics | {"mobile": width == "phone"}
                )
    said = [
        each["message"] for each in driver.get_log("browser") if "/nowhere" not in each["message"]
    ]
    assert faults + said == []


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(driver, studio, address):
    from selenium.webdriver.common.keys import Keys

    driver.get(f"{address}{studio[1]['table']}")
    unseen = []
    for at in range(25):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        tag, classes, is_seen = driver.execute_script(FOCUSED)
        if at == 0:
            assert (tag, classes) == ("A", "skip")
        if not is_seen and tag != "BODY":
            unseen.append((tag, classes))
    assert unseen == []
