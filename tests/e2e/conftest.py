"""A person at a browser: Debian's chromium on the pages of `espalier serve`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1500",
)
PATIENCE = 400.0


def wait_for(what, *, seconds=PATIENCE, say=""):
    """Return the first true answer of ``what()``."""
    from selenium.common.exceptions import WebDriverException

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = what()
        except WebDriverException:  # the page is being drawn anew
            answer = None
        if answer:
            return answer
        time.sleep(0.5)
    raise AssertionError(f"waited {seconds:g} s in vain{': ' + say if say else ''}")


@dataclass
class Person:
    """Opens pages, fills forms and looks.

    Attributes
    ----------
    driver : WebDriver
        The browser.
    prefect, mlflow : str
        Addresses of the pages.
    """

    driver: Any
    prefect: str
    mlflow: str
    shots: list[Path] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def open(self, url):
        self.driver.get(url)

    def find(self, xpath, seconds=PATIENCE):
        """Return the first visible element of an XPath, once it is there."""
        return wait_for(
            lambda: next(
                (each for each in self.driver.find_elements("xpath", xpath) if each.is_displayed()),
                None,
            ),
            seconds=seconds,
            say=f"{xpath} on {self.driver.current_url}",
        )

    def sees(self, text, seconds=PATIENCE):
        """Wait until the page shows a text."""
        wait_for(
            lambda: text in self.driver.find_element("tag name", "body").text,
            seconds=seconds,
            say=f"{text!r} on {self.driver.current_url}",
        )

    def text(self):
        return self.driver.find_element("tag name", "body").text

    def click(self, xpath):
        def try_it():
            element = next(
                (each for each in self.driver.find_elements("xpath", xpath) if each.is_displayed()),
                None,
            )
            if element is None:
                return False
            self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
            return True

        wait_for(try_it, say=f"to click {xpath}")

    def click_button(self, text):
        self.click(f"//button[normalize-space()='{text}'] | //a[normalize-space()='{text}']")

    def submit(self):
        """Send the form; `wait_for_run` waits for the run that it starts."""
        self.known = {each["id"] for each in self.runs()}
        self.click_button("Submit")

    def fill(self, label, value, *, replace=False):
        """Type into the field of Prefect's form that is labelled so."""
        box = self._field(label, "(self::textarea or self::input)")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()
        if replace:
            box.send_keys("\ue009a\ue000")  # Ctrl-A
        box.send_keys(str(value))

    def choose(self, label, option):
        """Choose from the drop-down of Prefect's form that is labelled so."""
        from selenium.webdriver.support.ui import Select

        # Without a mouse Prefect draws the browser's own drop-downs.
        box = self._field(label, "self::select[option]")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        Select(box).select_by_visible_text(option)

    def _field(self, label, kind):
        return self.find(f"{_property(label)}//*[{kind}]")

    def shoot(self, name):
        """Take a picture for whoever wants to see what it looked like."""
        time.sleep(1.0)  # what fades in has faded in
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{len(self.shots) + 1:02d}-{name}.png"
        self.driver.save_screenshot(str(path))
        self.shots.append(path)

    def open_form(self, deployment):
        """Go to a deployment's form from the list of all, as one does."""
        self.open(f"{self.prefect}/deployments")
        self.click(f"//a[normalize-space()='{deployment}' and contains(@href, '/deployment/')]")
        self.click("//button[normalize-space()='Run']")
        self.click("//*[normalize-space()='Custom run']")
        self.sees("Parameters")

    # --- what the servers know ------------------------------------------------------------

    def ask_prefect(self, path, body):
        request = urllib.request.Request(
            f"{self.prefect}/api{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def wait_for(self, what, seconds=PATIENCE):
        return wait_for(what, seconds=seconds)

    def runs(self):
        """Return the flow runs, the newest first."""
        return self.ask_prefect("/flow_runs/filter", {"sort": "START_TIME_DESC"})

    def wait_for_run(self, state, seconds=PATIENCE):
        """Wait until the run of the last form is in a state (or has ended otherwise); return it."""
        ends = ("Completed", "Failed", "Crashed", "Cancelled")

        def look():
            run = next((each for each in self.runs() if each["id"] not in self.known), None)
            if run is None:
                return None
            name = run["state"]["name"]
            if name in ends and name != state:
                raise AssertionError(run["state"])
            return run if name == state else None

        return wait_for(look, seconds=seconds, say=f"a run that is {state}")


def _property(label):
    return (
        "//span[contains(@class, 'schema-form-property__label') and "
        f"(normalize-space()='{label}' or normalize-space()='{label} (Optional)')]"
        "/ancestor::div[contains(concat(' ', @class, ' '), ' schema-form-property ')][1]"
    )


@pytest.fixture(scope="session")
def tumours(tmp_path_factory):
    """A small real table."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.iloc[:200, :6].round(3)
    table["diagnosis"] = np.where(bunch.target[:200] == 1, "benign", "malignant")
    path = tmp_path_factory.mktemp("data") / "tumours.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def chromium():
    """Skip where there is no browser."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    paths = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not found; apt install chromium chromium-driver")
    return paths


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """``espalier serve`` in a home of its own; yields folder and what it has said."""
    folder = tmp_path_factory.mktemp("served")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
    }
    out = folder / "serve.out"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "espalier.flows.cli.app", "serve"],
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=kept
            | {
                "ESPALIER_HOME": str(folder / "home"),
                "PYTHONPATH": str(ROOT / "src"),
                "ESPALIER_WORKERS": "1",
                # The tables of the tests and what is predicted lie in temporary folders.
                "ESPALIER_DATA_ROOTS": f"{tempfile.gettempdir()},{folder}",
                "ESPALIER_OUT_ROOTS": f"{folder},{tempfile.gettempdir()}",
                "ESPALIER_PREFECT_START_SECONDS": "600",
                "ESPALIER_UI_START_SECONDS": "600",
            },
        )

    def is_up():
        assert process.poll() is None, out.read_text()
        return "Ctrl-C" in out.read_text()

    try:
        wait_for(is_up, seconds=900, say="espalier serve")
        yield folder, process, out
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:  # its end is asserted by test_serve.py
            process.kill()


@pytest.fixture(scope="session")
def person(chromium, served, tmp_path_factory):
    """Somebody at a browser."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    text = served[2].read_text()
    options = Options()
    options.binary_location = chromium["chromium"]
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(chromium["chromedriver"]))
    driver.set_page_load_timeout(120)
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    try:
        yield Person(
            driver,
            prefect=re.search(r"Prefect\s+(http://127\.0\.0\.1:\d+)", text)[1],
            mlflow=re.search(r"MLflow\s+(http://127\.0\.0\.1:\d+)", text)[1],
        )
    finally:
        driver.quit()
