"""Models: who serves, what was decided, the report, the row form, and what may be asked of them."""

import re
import shutil
from html import unescape

import pytest

from espalier.flows.studio.pages.deploy import call_lines
from espalier.infra.registry.registry import resolve
from tests.flows.studio.conftest import IMAGE, SCRIPT, messy_rows


@pytest.fixture(scope="module")
def owner(registered, visit):
    """A visitor of the home folder that has a model."""
    return visit(registered)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", "churn"),
        ("/models", "Version 1 serves"),
        ("/models/churn", "Version 2 challenges version 1"),
        ("/models/churn/2", "0.85"),
        ("/models/churn/compare/1/2", "Version 1 beside version 2"),
        ("/predict", "One row"),
        ("/predict/churn", "probability of each class"),
        ("/predict/churn?version=2", "version 2"),
        ("/deploy", "Switch the endpoint on"),
        ("/watch", "never checked"),
        ("/watch/churn", "Train a challenger"),
    ],
)
def test_a_page_shows_the_model(owner, path, said):
    page = owner.get(path)
    assert page.status_code == 200, page.text
    assert said in unescape(page.text)


def test_the_report_is_shown_where_its_scripts_do_not_run(owner):
    page = owner.get("/models/churn/1/report")
    assert "report" in page.text
    policy = page.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert re.search(r'<iframe[^>]*sandbox="allow-popups"', owner.get("/models/churn/1").text)


def test_the_page_of_examples_is_where_the_report_links_to(owner):
    page = owner.get("/models/churn/1/examples.html")
    assert "examples" in page.text
    assert "sandbox" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/models/churn/3", "/predict/churn?version=x", "/models/churn/1x"]
)
def test_a_version_that_is_not_there_is_said(owner, path):
    assert owner.get(path).status_code in (400, 422)


def test_a_row_form_has_a_field_for_each_column_with_usual_values(owner):
    text = owner.get("/predict/churn/row").text
    assert SCRIPT not in text
    assert IMAGE not in text
    shown = unescape(text)
    assert f"({SCRIPT})" not in shown
    assert 'type="date"' in text
    assert 'type="number"' in text
    assert "<select" in text
    assert "customer" not in text  # not used, so not asked for
    assert re.search(r'name="f\d+"', text)


def fields(owner, **changes):
    """Return the fields of the row form as they are at first, by column where they change."""
    text = owner.get("/predict/churn/row").text
    found = {}
    for key, label in re.findall(r'<label for="(f\d+)">([^<]*)</label>', text):
        control = re.search(rf'<(?:input|select|textarea)[^>]*name="{key}"[^>]*>', text)[0]
        value = re.search(r' value="([^"]*)"', control)
        if control.startswith("<select"):
            options = text[text.index(control) : text.index("</select>", text.index(control))]
            value = re.search(r'<option value="([^"]*)" selected', options)
        found[key] = changes.get(unescape(label), unescape(value[1]) if value else "")
    return found


def test_a_row_is_answered_with_probabilities_and_reasons(owner):
    page = owner.post("/predict/churn/row", fields(owner, age="85"), page="/predict/churn/row")
    assert page.status_code == 200
    text = unescape(page.text)
    assert re.search(r'class="verdict">\s*(yes|no)', text)
    assert "What speaks for it" in text
    assert re.search(r'bar-label">age <small>85</small>', text)
    assert SCRIPT not in page.text


def test_a_changed_value_moves_the_answer(owner):
    headers = {"hx-request": "true"}
    first = owner.post(
        "/predict/churn/row", fields(owner, age="85"), headers=headers, page="/predict/churn/row"
    )
    assert "<html" not in first.text
    was = re.search(r'name="was" form="row" value="([^"]+)"', first.text)[1]
    about = re.search(r'name="was_about" form="row" value="([^"]+)"', first.text)[1]
    changed = fields(owner, age="20") | {"was": was, "was_about": about}
    second = owner.post("/predict/churn/row", changed, headers=headers, page="/predict/churn/row")
    assert "With the values before" in second.text


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("age", "old", "'age' needs a number"),
        ("age", "1e999", "'age' needs a number"),
        ("since", "yesterday", "'since' needs a date"),
        ("since", "99999-01-01", "'since' needs a date"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_the_name_of_its_column(owner, column, value, said):
    page = owner.post(
        "/predict/churn/row", fields(owner, **{column: value}), page="/predict/churn/row"
    )
    assert said in unescape(page.text)


def test_an_empty_row_is_a_row_of_missing_values(owner):
    empty = dict.fromkeys(fields(owner), "")
    page = owner.post("/predict/churn/row", empty, page="/predict/churn/row")
    assert 'class="verdict"' in page.text


def test_a_rollback_without_an_earlier_champion_is_refused_in_words(owner):
    page = owner.post("/models/churn/rollback", {"reason": "x"})
    assert page.status_code == 400
    assert "no previous champion" in unescape(page.text)


def test_a_rollback_is_recorded_for_whoever_pressed_it(new_home, registered, visit):
    from espalier.infra.registry.aliases import AliasKeeper
    from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind

    settings = new_home()  # the other tests need a challenger that nobody has promoted
    shutil.copy(registered.home / "mlflow.db", settings.home / "mlflow.db")
    keeper = AliasKeeper(settings, "churn")
    promoted = Decision(
        kind=DecisionKind.PROMOTED,
        model="churn",
        version=2,
        champion_before=1,
        champion_after=2,
        previous_after=1,
        actor="somebody",
        reasons=(f"better {SCRIPT}",),
    )
    keeper.carry_out(promoted, "better")
    visitor = visit(settings.model_copy(update={"user_header": "X-Forwarded-User"}))
    text = visitor.get("/models/churn").text
    assert "Roll back to version 1" in text
    assert SCRIPT not in text
    visitor.post(
        "/models/churn/rollback", {"reason": "too slow"}, headers={"X-Forwarded-User": "Ada"}
    )
    assert resolve("churn", settings).version == 1
    last = keeper.log.read("churn")[-1]
    assert (last.kind, last.actor) == (DecisionKind.ROLLED_BACK, "Ada")
    assert "too slow" in last.reasons


def test_the_lines_for_an_endpoint_are_what_they_look_like():
    import ast
    import json
    import shlex

    rows = json.loads(messy_rows(1).to_json(orient="records"))
    curl, python = call_lines("http://127.0.0.1:8080/models/a%20b/predict", rows)
    words = shlex.split(curl)
    assert words[:3] == ["curl", "-s", "http://127.0.0.1:8080/models/a%20b/predict"]
    sent = json.loads(words[words.index("-d") + 1])
    assert sent["rows"][0]["customer"] == "C00000"
    assert sent["rows"][0]["age"] is None
    assert ast.parse(python)
