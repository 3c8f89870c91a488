"""``espalier report``: what is written for a version, and with which links."""

import pytest

from espalier.flows.cli.views.model_tables import save_report
from espalier.infra.settings import load_settings
from espalier.infra.tracking.artifacts import EXAMPLES_FILE, REPORT_FILE, REPORT_TEXT_FILE
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError


@pytest.fixture
def logged(tmp_path, monkeypatch):
    """Register a version of `shapes` whose run has these artifacts."""
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def make(**artifacts):
        tracking = Tracking(load_settings())
        run_id = tracking.start_run("shapes")
        for file, text in artifacts.items():
            tracking.log_text(run_id, text, file)
        client = tracking.client
        if not client.search_registered_models("name = 'shapes'"):
            client.create_registered_model("shapes")
        client.create_model_version("shapes", f"runs:/{run_id}/model", run_id)
        return tmp_path

    return make


def test_examples_are_written_beside_the_report_that_links_to_them(logged, capsys):
    page = f'<a href="{EXAMPLES_FILE}">pictures</a>'
    folder = logged(**{REPORT_FILE: page, EXAMPLES_FILE: "<p>a picture</p>"})
    save_report("shapes/1", None)
    assert (folder / "shapes-1.html").read_text() == '<a href="shapes-1-examples.html">pictures</a>'
    assert (folder / "shapes-1-examples.html").read_text() == "<p>a picture</p>"
    assert capsys.readouterr().out.split() == ["shapes-1.html", "shapes-1-examples.html"]
    save_report("shapes/1", folder / "my report.html")
    assert 'href="my%20report-examples.html"' in (folder / "my report.html").read_text()
    assert (folder / "my report-examples.html").exists()


def test_a_file_that_ends_in_md_gets_markdown(logged):
    folder = logged(**{REPORT_FILE: "<p>page</p>", REPORT_TEXT_FILE: "# shapes\n"})
    save_report("shapes/1", folder / "shapes.md")
    assert (folder / "shapes.md").read_text() == "# shapes\n"
    assert sorted(each.name for each in folder.iterdir() if each.is_file()) == ["shapes.md"]
    logged(**{REPORT_FILE: "<p>older</p>"})
    with pytest.raises(UserError, match=r"no Markdown report.*ends in \.html"):
        save_report("shapes/2", folder / "older.md")
