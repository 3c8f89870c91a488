"""Requests are answered as the model answers tables, alone or together."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.infra.web.answering.answerer import Answerer
from espalier.infra.web.answering.ensemble_answers import EnsembleAnswers
from espalier.infra.web.answering.messages import CSV, PARQUET, LogRules, Question
from espalier.infra.web.answering.opening import ModelSource, open_source
from espalier.pipelines.automl.estimators import AutoMLClassifier


def answerer_of(model, **options):
    answering = EnsembleAnswers(model, most_rows=10_000)
    return Answerer(answering, name="m", version=3, **options)


@pytest.fixture(scope="module")
def answerer(ensemble):
    return answerer_of(ensemble)


@pytest.fixture(scope="module")
def priced(regression):
    folder, _, _ = regression
    return open_source(ModelSource(name="price", version=1, folder=str(folder)))


def question(rows, **options):
    return Question(body=json.dumps({"rows": rows}).encode(), **options)


def content(reply):
    return json.loads(reply.body)


def asked(answerer, rows, **options):
    (reply,) = answerer.answer([question(rows, **options)])
    assert reply.status == 200, reply.body
    return content(reply)


def refused(answerer, rows, status=422, **options):
    (reply,) = answerer.answer([question(rows, **options)])
    assert reply.status == status, reply.body
    return content(reply)


def test_answers_are_those_of_the_table(answerer, ensemble, raw_rows, json_rows):
    answer = asked(answerer, json_rows, alias="champion")
    assert (answer["model"], answer["version"], answer["alias"]) == ("m", 3, "champion")
    assert answer["predictions"] == ensemble.predict(raw_rows).tolist()
    shares = [[row["no"], row["yes"]] for row in answer["probabilities"]]
    np.testing.assert_allclose(shares, ensemble.predict_proba(raw_rows))
    assert "warnings" not in answer


def test_every_row_has_the_same_answer_in_a_batch_as_alone(answerer, json_rows):
    odd = {**json_rows[0], "number": None, "kind": None, "day": "03.04.2024 10:00", "group": 7}
    rows = [*json_rows[:9], odd]
    alone = [asked(answerer, [row])["probabilities"][0]["yes"] for row in rows]
    together = [content(reply) for reply in answerer.answer([question([row]) for row in rows])]
    shares = [each["probabilities"][0]["yes"] for each in together]
    np.testing.assert_allclose(shares, alone, rtol=1e-5)  # single precision: rounding


def test_a_wrong_request_harms_no_other_of_its_batch(answerer, json_rows):
    questions = [
        question(json_rows[:2]),
        Question(body=b"no json"),
        question([{**json_rows[0], "whole": "many"}]),
        question(json_rows[:1], options={"probabilities": "false"}),
        question([]),
        question(json_rows[2:5]),
    ]
    replies = answerer.answer(questions)
    assert [reply.status for reply in replies] == [200, 400, 422, 200, 200, 200]
    assert [reply.n_rows for reply in replies] == [2, 0, 0, 1, 0, 3]
    assert content(replies[5])["predictions"] == asked(answerer, json_rows[2:5])["predictions"]
    assert "probabilities" not in content(replies[3])
    assert content(replies[4])["predictions"] == []


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("whole", "many", "column 'whole', row 1: 'many' cannot be read as a number"),
        ("whole", [1], "column 'whole', row 1: a single value is expected"),
        ("whole", 10**400, "too large for a number"),
        ("day", "soon", "column 'day', row 1: 'soon' cannot be read as a date"),
        ("day", "2024-02-31", "column 'day', row 1: '2024-02-31' cannot be read as a date"),
        ("kind", {"a": 1}, "column 'kind', row 1: a single value is expected"),
    ],
)
def test_a_wrong_cell_is_named(answerer, json_rows, column, cell, said):
    found = refused(answerer, [json_rows[0], {**json_rows[1], column: cell}])
    assert said in found["error"]
    assert (found["column"], found["row"]) == (column, 1)


def test_missing_columns_are_all_named(answerer, json_rows):
    row = {name: cell for name, cell in json_rows[0].items() if name not in ("kind", "whole")}
    found = refused(answerer, [row])
    assert "lack 2 column(s) of the model: 'whole', 'kind'" in found["error"]
    found = refused(answerer, [json_rows[0], row])
    assert "row 1 lacks column 'whole'" in found["error"]


def test_further_columns_are_said_and_ignored(answerer, json_rows):
    answer = asked(answerer, [{**json_rows[0], "extra": 1, "b": 2}])
    assert answer["warnings"] == ["the model does not use 2 column(s) of these rows: 'extra', 'b'"]
    assert answer["predictions"] == asked(answerer, json_rows[:1])["predictions"]


def test_unknown_categories_and_missing_cells_are_answered(answerer, json_rows):
    row = {**dict.fromkeys(json_rows[0]), "kind": "mauve", "group": True}
    assert asked(answerer, [row])["predictions"][0] in ("yes", "no")
    assert asked(answerer, [{**row, "whole": "n/a", "day": ""}])["predictions"]


def test_numbers_with_units_and_dates_in_the_format_of_the_training(priced, regression):
    _, X, model = regression
    rows = X.head(4).to_dict("records")
    expected = model.predict(X.head(4))
    np.testing.assert_allclose(asked(priced, rows)["predictions"], expected)
    plain = [
        {**row, "size": float(row["size"].split()[0]), "sold": f"{row['sold'][6:]}-01-0{at + 1}"}
        for at, row in enumerate(rows)
    ]
    np.testing.assert_allclose(asked(priced, plain)["predictions"], expected)
    assert priced.facts.example_row["code"] in ("007", "008", "100")
    assert isinstance(priced.facts.example_row["size"], float)


def test_a_code_sent_as_a_number_is_the_category(priced, regression):
    _, X, _ = regression
    row = X[X["code"] == "007"].iloc[0].to_dict()
    as_text = asked(priced, [row])["predictions"]
    files = pd.DataFrame([row]).to_csv(index=False).encode()
    (reply,) = priced.answer([Question(body=files, media=CSV)])
    assert content(reply)["predictions"] == as_text


def test_intervals_and_quantiles(priced, regression):
    _, X, model = regression
    rows = X.head(5).to_dict("records")
    answer = asked(priced, rows, options={"interval": "0.9", "quantiles": "0.05,0.5,0.95"})
    _, lower, upper = model.predict_interval(X.head(5), 0.9)
    np.testing.assert_allclose([each["lower"] for each in answer["intervals"]], lower)
    np.testing.assert_allclose([each["upper"] for each in answer["intervals"]], upper)
    # The quantiles of 5 % and 95 % bound the interval of 90 %.
    np.testing.assert_allclose([each["0.05"] for each in answer["quantiles"]], lower)
    np.testing.assert_allclose([each["0.95"] for each in answer["quantiles"]], upper)
    assert [each["0.5"] for each in answer["quantiles"]] == answer["predictions"]


def test_an_explanation_adds_up_to_the_answer(answerer, priced, json_rows, regression):
    rows = regression[1].tail(2).to_dict("records")
    answer = asked(priced, rows, options={"explain": "true"})
    for found, value in zip(answer["explanations"], answer["predictions"], strict=True):
        assert found["answer"] == pytest.approx(value)
        assert found["base"] + sum(found["columns"].values()) == pytest.approx(value)
        assert set(found["columns"]) == {"size", "sold", "code"}
    (found,) = asked(answerer, json_rows[:1], options={"explain": "true"})["explanations"]
    assert found["of"] in ("yes", "no")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"interval": "0.9"}, "predicts classes"),
        ({"quantiles": "0.5"}, "predicts classes"),
        ({"explian": "true"}, "unknown field 'explian'"),
        ({"explain": "maybe"}, "explain must be true or false"),
    ],
)
def test_what_cannot_be_asked_for_is_said(answerer, json_rows, options, said):
    assert said in refused(answerer, json_rows[:1], options=options)["error"]


def test_the_body_counts_before_the_address_but_both_must_be_right(answerer, json_rows):
    body = json.dumps({"rows": json_rows[:1], "probabilities": True}).encode()
    replies = answerer.answer(
        [Question(body=body, options={"probabilities": word}) for word in ("false", "null")]
    )
    assert [reply.status for reply in replies] == [200, 422]
    assert "probabilities" in content(replies[0])


@pytest.mark.parametrize("interval", ["1.5", "0", "x", "nan"])
def test_a_coverage_is_between_0_and_1(priced, regression, interval):
    rows = regression[1].head(1).to_dict("records")
    found = refused(priced, rows, options={"interval": interval})
    assert "interval must be a number between 0 and 1" in found["error"]


def test_csv_and_parquet_say_the_same_as_json(answerer, raw_rows, json_rows, tmp_path):
    expected = asked(answerer, json_rows)["predictions"]
    table = raw_rows.drop(columns="bought")
    table.to_parquet(tmp_path / "rows.parquet")
    files = {
        CSV: table.to_csv(index=False).encode(),
        PARQUET: (tmp_path / "rows.parquet").read_bytes(),
    }
    for media, body in files.items():
        (reply,) = answerer.answer([Question(body=body, media=media)])
        assert content(reply)["predictions"] == expected


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        (CSV, b"", 400),
        (CSV, b"a,b\n1,2,3\n", 400),
        (CSV, b"a,b\n1,2\n", 422),
        (CSV, b"\x00\x01\x02", 400),
        (PARQUET, b"", 400),
        (PARQUET, b"PAR1 this is not parquet PAR1", 400),
    ],
)
def test_a_broken_file_is_refused(answerer, media, body, status):
    (reply,) = answerer.answer([Question(body=body, media=media)])
    assert reply.status == status, reply.body
    assert "/tmp" not in content(reply)["error"]


def test_a_parquet_file_that_unpacks_to_gigabytes_is_not_read(answerer, tmp_path, monkeypatch):
    from espalier.infra.web.answering import file_bodies

    monkeypatch.setattr(file_bodies, "UNPACKED_BYTES", 1000)
    pd.DataFrame({"a": np.arange(1000)}).to_parquet(tmp_path / "rows.parquet")
    body = (tmp_path / "rows.parquet").read_bytes()
    (reply,) = answerer.answer([Question(body=body, media=PARQUET)])
    assert (reply.status, "unpacks to" in content(reply)["error"]) == (413, True)


@pytest.mark.parametrize(
    ("labels", "predicted", "keys"),
    [
        ([True, False], [True, False], {"true", "false"}),
        ([1, 2], [1, 2], {"1", "2"}),
        ([2**60, 2**60 + 1], [str(2**60), str(2**60 + 1)], {str(2**60), str(2**60 + 1)}),
    ],
    ids=["truth values", "numbers", "beyond 2**53"],
)
def test_labels_come_back_as_json_can_hold_them(labels, predicted, keys):
    X = pd.DataFrame({"x": [0.0, 1.0] * 20, "z": np.arange(40.0) % 7})
    y = np.array(labels * 20)
    fitted = AutoMLClassifier(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    answer = asked(answerer_of(fitted.fit(X, y).model_), X.head(2).to_dict("records"))
    assert answer["predictions"] == predicted
    assert [set(each) for each in answer["probabilities"]] == [keys, keys]


def test_mlflow_gets_a_record_a_row(answerer, json_rows):
    answer = asked(answerer, json_rows[:2], style="mlflow")
    assert set(answer) == {"predictions"}
    assert [set(each) for each in answer["predictions"]] == [
        {"prediction", "proba_no", "proba_yes"}
    ] * 2


def test_the_log_has_a_line_a_row_without_redacted_columns(ensemble, json_rows):
    rules = LogRules(redacted=frozenset({"kind"}), id_column="customer")
    logging = answerer_of(ensemble, rules=rules)
    rows = [{**row, "customer": f"C{at}", "other": 1} for at, row in enumerate(json_rows[:2])]
    (reply,) = logging.answer([question(rows, is_logged=True, request_id="r1", alias="champion")])
    lines = [json.loads(line) for line in reply.log.splitlines()]
    assert [(line["request"], line["row"], line["version"]) for line in lines] == [
        ("r1", 0, 3),
        ("r1", 1, 3),
    ]
    assert set(lines[0]["values"]) == {*json_rows[0], "customer"} - {"kind"}
    assert [line["prediction"] for line in lines] == content(reply)["predictions"]
    assert "warnings" not in asked(logging, [{**json_rows[0], "customer": 1}])
    (quiet,) = logging.answer([question(rows)])
    assert quiet.log == b""


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["2024-02-30", "1,234", "NaN", "\ud83d\ude00", "0001-01-01", "9999-12-31"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@given(cells=st.lists(CELLS, min_size=6, max_size=6))
def test_any_cell_is_answered_or_refused_with_its_column(answerer, json_rows, cells):
    row = dict(zip(json_rows[0], cells, strict=True))
    (reply,) = answerer.answer([question([row])])
    assert reply.status in (200, 422), reply.body
    if reply.status == 422:
        assert content(reply)["column"] in row
