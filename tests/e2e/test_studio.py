"""A person without code: a messy CSV becomes a model, predictions, a promotion and a rollback.

Run it with ``pytest -m e2e tests/e2e/test_studio.py``. The tests of this file are one story and run
in order, in Debian's chromium, at the width of a phone; the pages are looked at at 1280 pixels too.
"""

import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.e2e.conftest import FLAGS, ROOT, wait_for
from tests.flows.studio.conftest import messy_rows

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.cluster]

TRAINING_SECONDS = 400.0


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """``espalier studio`` in a home of its own."""
    folder = tmp_path_factory.mktemp("studio")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
    }
    environ = {
        "ESPALIER_HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT / "src"),
        "ESPALIER_WORKERS": "2",
        "ESPALIER_PREFECT_START_SECONDS": "600",
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "espalier", "studio", "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env=kept | environ,
        start_new_session=True,
    )
    try:
        url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
        wait_for(lambda: urllib.request.urlopen(f"{url}/alive").status == 200, seconds=120)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A messy table of 400 rows, as a file."""
    path = tmp_path_factory.mktemp("rows") / "Kunden (Mai).csv"
    messy_rows(400).to_csv(path, index=False, sep=";")
    return path


class Reader:
    """Somebody who reads pages and presses buttons."""

    def __init__(self, driver, address):
        self.driver = driver
        self.address = address

    def open(self, path):
        self.driver.get(f"{self.address}{path}")

    @property
    def text(self):
        return self.driver.find_element("tag name", "body").text

    def sees(self, text, seconds=60.0):
        wait_for(
            lambda: text in self.text, seconds=seconds, say=f"{text!r} on {self.driver.current_url}"
        )

    def find(self, xpath):
        found = [each for each in self.driver.find_elements("xpath", xpath) if each.is_displayed()]
        return found[0] if found else None

    def press(self, text):
        # A button before a link: the trail above a page has links of the same names.
        paths = [
            f"//main//{kind}[normalize-space()='{text}']" for kind in ("button", "a", "summary")
        ]
        element = wait_for(
            lambda: next((found for path in paths if (found := self.find(path))), None),
            seconds=60,
            say=text,
        )
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def choose(self, label, option):
        from selenium.webdriver.support.ui import Select

        Select(self.labelled(label)).select_by_visible_text(option)

    def labelled(self, label):
        """Return the control of a label, as a screen reader finds it."""
        found = wait_for(lambda: self.find(f"//label[normalize-space()='{label}']"), say=label)
        return self.driver.find_element("id", found.get_attribute("for"))

    def fits(self):
        """Assert that a phone and a desktop show the page without scrolling sideways."""
        for width, height in ((1280, 900), (400, 800)):
            metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
            self.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride", metrics | {"mobile": width < 600}
            )
            wide = self.driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, (width, self.driver.current_url)

    def errors(self):
        """Return what the browser complained of: blocked scripts, styles, failed loads."""
        return [each["message"] for each in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def reader(chromium, address, tmp_path_factory):
    """The browser."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = chromium["chromium"]
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(chromium["chromedriver"]))
    try:
        yield Reader(driver, address)
    finally:
        driver.quit()


def train(reader, *, leave_out=()):
    """Go from the table to a model; a few trials of two families are enough."""
    reader.open("/data")
    reader.press("Kunden (Mai).csv")
    reader.choose("Target column", "churned")
    reader.press("Look at it")
    reader.sees("one of two classes")
    for name in leave_out:
        reader.driver.find_element("xpath", f"//input[@aria-label='Leave out {name}']").click()
    reader.fits()
    reader.press("Continue to training")
    name = reader.labelled("Name of the model")
    name.clear()
    name.send_keys("churn")
    reader.driver.find_element("xpath", "//input[@value='1m']").click()
    reader.press("More options")
    reader.driver.find_element("xpath", "//input[@name='families'][@value='linear']").click()
    reader.labelled("Most trials").send_keys("4")
    reader.fits()
    reader.press("Start the training")
    reader.sees("running")
    reader.fits()
    reader.driver.refresh()
    reader.sees("on rows never seen", seconds=TRAINING_SECONDS)
    reader.fits()


def test_a_messy_file_is_uploaded_and_a_model_trained_without_its_best_column(reader, rows):
    reader.open("/")
    reader.sees("No table yet")
    reader.fits()
    reader.open("/data")
    reader.labelled("File").send_keys(str(rows))
    reader.press("Upload")
    reader.sees("400 rows, 7 columns")
    train(reader, leave_out=["age"])
    reader.sees("champion")
    assert reader.errors() == []


def test_the_model_is_read(reader):
    reader.press("Read about the model")
    reader.sees("The best of")
    reader.fits()
    frame = reader.driver.find_element("xpath", "//iframe[contains(@title, 'Report')]")
    reader.driver.execute_script("arguments[0].scrollIntoView()", frame)
    reader.driver.switch_to.frame(frame)
    try:
        wait_for(lambda: "churn" in reader.text, seconds=60, say="the report")
    finally:
        reader.driver.switch_to.default_content()


def test_one_row_is_predicted_and_a_value_changed(reader):
    reader.open("/predict/churn/row")
    reader.press("Predict")
    reader.sees("What speaks for it")
    field = reader.driver.find_element("xpath", "//input[@type='number']")
    field.clear()
    field.send_keys("1\t")
    reader.sees("With the values before")
    reader.fits()


def test_a_file_is_predicted_and_downloaded(reader, rows):
    reader.open("/predict/churn")
    reader.labelled("Rows to predict").send_keys(str(rows))
    reader.press("Predict")
    reader.sees("The predictions are ready", seconds=180)
    link = reader.find("//a[contains(., 'Download')]").get_attribute("href")
    lines = urllib.request.urlopen(link).read().decode().splitlines()
    assert len(lines) == 401
    assert lines[0] == "source,row,prediction,proba_no,proba_yes,model"
    assert lines[1].startswith("Kunden_Mai_.csv,1,")
    assert lines[1].endswith("churn/1")


def test_a_better_challenger_is_promoted_and_rolled_back(reader):
    train(reader)
    reader.sees("challenger")
    reader.press("Decide who serves")
    reader.sees("Version 2 challenges version 1")
    reader.fits()
    reader.press("Promote if it is surely better")
    reader.sees("Version 2 serves now", seconds=180)
    reader.press("Back to churn")
    reader.sees("Roll back to version 1")
    reader.labelled("Reason, for the record").send_keys("it was only a test")
    reader.press("Roll back to version 1")
    reader.sees("rolled back")
    reader.sees("it was only a test")
    reader.open("/models")
    reader.sees("Version 1 serves")


def test_the_champion_is_checked_on_recent_rows(reader):
    reader.open("/watch/churn")
    reader.choose(
        "or a table that is here already",
        next(
            each.text
            for each in reader.driver.find_elements("xpath", "//select[@id='known']/option")
            if each.text.startswith("Kunden")
        ),
    )
    reader.press("Check")
    reader.sees("How far the columns have moved", seconds=180)
    reader.fits()
    reader.press("Back to churn")
    reader.sees("Largest drift")
    assert reader.errors() == []


def test_an_endpoint_is_switched_on_asked_as_the_page_says_and_switched_off(reader):
    reader.open("/deploy")
    reader.press("Switch the endpoint on")
    reader.sees("In a shell", seconds=180)
    reader.fits()
    shell, python = (
        each.get_attribute("textContent")
        for each in reader.driver.find_elements("xpath", "//main//pre/code")
    )
    for program in (["/bin/sh", "-c", shell], [sys.executable, "-c", python]):
        said = subprocess.run(program, capture_output=True, text=True, timeout=120, check=True)
        assert re.search("""["']predictions["']: ?\\[["'](yes|no)["']\\]""", said.stdout)
    reader.open("/watch/churn")
    reader.press("Check what its endpoints were asked")
    reader.sees("begun", seconds=60)
    wait_for(lambda: "running" not in reader.text, seconds=180, say="the check")
    reader.open("/deploy")
    reader.press("Switch off")
    reader.sees("Switch the endpoint on")
    assert reader.errors() == []
