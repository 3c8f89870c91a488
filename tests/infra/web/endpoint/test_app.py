"""The addresses of an endpoint, on a real registered model."""

import json
import shlex

import pytest

from espalier.infra.web.endpoint.options import EndpointOptions, token_for
from espalier.pipelines.errors import UserError


def predict(client, rows, **options):
    return client.post("/models/bought/predict", json={"rows": rows}, **options)


def test_rows_are_answered_by_the_champion(client, json_rows, ensemble, raw_rows):
    reply = predict(client, json_rows)
    assert reply.status_code == 200
    answer = reply.json()
    assert (answer["model"], answer["version"], answer["alias"]) == ("bought", 1, "champion")
    assert answer["predictions"] == ensemble.predict(raw_rows).tolist()
    assert reply.headers["x-model-version"] == "1"


def test_a_request_keeps_the_name_that_it_brings(client, json_rows):
    named = predict(client, json_rows[:1], headers={"X-Request-ID": "order-17"})
    assert named.headers["x-request-id"] == "order-17"
    wrong = predict(client, json_rows[:1], headers={"X-Request-ID": "a b\tc"})
    assert len(wrong.headers["x-request-id"]) == 32


def test_a_model_is_described_with_an_example_that_works(client):
    (listed,) = client.get("/models").json()["models"]
    described = client.get("/models/bought").json()
    assert listed == described
    assert (described["version"], described["alias"], described["task"]) == (
        1,
        "champion",
        "binary",
    )
    assert described["labels"] == ["no", "yes"]
    assert [each["kind"] for each in described["columns"]] == [
        "number",
        "number",
        "text",
        "number",
        "date",
        "text",
    ]
    assert described["schema"]["required"] == [each["name"] for each in described["columns"]]
    assert client.post("/models/bought/predict", json=described["example"]).status_code == 200


def test_the_openapi_document_has_an_example_that_works(client):
    document = client.get("/openapi.json").json()
    operation = document["paths"]["/models/bought/predict"]["post"]
    body = operation["requestBody"]["content"]["application/json"]
    assert client.post("/models/bought/predict", json=body["example"]).status_code == 200
    assert "whole" in body["schema"]["properties"]["rows"]["items"]["properties"]
    assert "interval" not in body["schema"]["properties"]  # a classifier has none
    example = document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    reply = client.post("/invocations", json=example["application/json"]["example"])
    assert set(reply.json()["predictions"][0]) == {"prediction", "proba_no", "proba_yes"}
    for path in ("/health", "/ready", "/models", "/metrics"):
        assert path in document["paths"]


def test_the_page_has_a_line_that_works(client):
    page = client.get("/docs").text
    assert "<script" not in page
    assert "://127.0.0.1/models/bought/predict" in page
    import html

    line = html.unescape(page.partition("<pre><code>")[2].partition("</code>")[0])
    body = shlex.split(line)[-1]
    reply = client.post(
        "/models/bought/predict", content=body, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 200
    assert client.get("/", follow_redirects=False).headers["location"] == "/docs"


def test_health_ready_and_metrics(client, json_rows):
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}
    predict(client, json_rows[:3])
    page = client.get("/metrics").text
    assert 'espalier_requests_total{model="bought",status="200",version="1"}' in page
    assert 'espalier_workers{model="bought",version="1"} 1.0' in page
    assert 'espalier_serving{alias="champion",model="bought",version="1"} 1.0' in page


@pytest.mark.parametrize(
    "path", ["/x", "/models/bought/x", "/models/other", "/models/other/predict"]
)
def test_an_unknown_address_is_not_found(client, path):
    reply = client.post(path, json={}) if path.endswith("predict") else client.get(path)
    assert reply.status_code == 404
    assert set(reply.json()) == {"error"}


def test_a_wrong_method_is_told_the_right_one(client):
    reply = client.get("/models/bought/predict")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_a_body_of_another_type_is_refused(client, headers):
    reply = client.post("/models/bought/predict", content=b"{}", headers=headers)
    assert reply.status_code == 415


def test_too_large_a_body_and_too_many_rows(serving, json_rows):
    with serving(most_bytes=2_000, most_rows=3) as client:
        assert predict(client, json_rows[:3]).status_code == 200
        assert "4 rows are too many" in predict(client, json_rows[:4]).json()["error"]
        body = json.dumps({"rows": json_rows[:50]}).encode()
        whole = client.post("/models/bought/predict", content=body)

        def parts():  # without a length that tells
            yield from (body[at : at + 500] for at in range(0, len(body), 500))

        in_parts = client.post("/models/bought/predict", content=parts())
        for reply in (whole, in_parts):
            assert reply.status_code == 413
            assert "larger than 2,000 bytes" in reply.json()["error"]


def test_a_token_is_asked_for_by_all_but_the_probes(serving, json_rows):
    with serving(token="a-secret-token", host="0.0.0.0", base_url="http://shop.example") as client:
        for path in ("/health", "/ready"):
            assert client.get(path).status_code == 200
        for path in ("/models", "/docs", "/openapi.json", "/metrics", "/x"):
            assert client.get(path).status_code == 401
        for given in ("", "Bearer wrong", "Bearer", "Basic !!", "a-secret-token"):
            reply = predict(client, json_rows[:1], headers={"Authorization": given})
            assert reply.status_code == 401
            assert reply.headers["www-authenticate"].startswith("Bearer")
        right = {"Authorization": "Bearer a-secret-token"}
        assert predict(client, json_rows[:1], headers=right).status_code == 200
        assert client.get("/docs", auth=("anybody", "a-secret-token")).status_code == 200
        document = client.get("/openapi.json", headers=right).json()
        assert document["security"] == [{"token": []}]


def test_an_endpoint_of_this_machine_answers_to_its_names_only(serving):
    with serving() as client:
        for host in ("127.0.0.1:8080", "localhost", "[::1]:8080", "LOCALHOST:1"):
            assert client.get("/models", headers={"Host": host}).status_code == 200
        assert client.get("/models", headers={"Host": "evil.example"}).status_code == 421


def test_who_needs_a_token():
    assert token_for("127.0.0.1", None) is None
    assert token_for("localhost", "given-token") == "given-token"
    assert token_for("0.0.0.0", "none") is None
    made, another = token_for("0.0.0.0", None), token_for("::", None)
    assert made != another
    assert len(made) >= 32


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models": ()}, "at least one model"),
        ({"challenger_share": 1.5}, "between 0 and 1"),
        ({"workers": -1}, "0 or more"),
        ({"token": "with blanks in it"}, "without blanks"),
        ({"token": "short"}, "8 or more"),
        ({"patience": 0}, "above 0 s"),
        ({"most_rows": 0}, "rows"),
    ],
)
def test_options_that_cannot_be(options, said):
    with pytest.raises(UserError, match=said):
        EndpointOptions(**{"models": ("m",), **options})


def test_what_is_not_there_is_said_before_anything_starts(serving):
    for models, said in (
        (("nobody",), "no model is called 'nobody'"),
        (("bought@prod",), "no alias 'prod'"),
        (("bought/9",), "no version '9'"),
        (("bought", "bought/2"), "named twice"),
    ):
        with pytest.raises(UserError, match=said), serving(models=models):
            pass
    with pytest.raises(UserError, match="no alias 'shadow'"), serving(alias="shadow"):
        pass


def test_a_version_or_an_alias_by_name(serving, json_rows):
    with serving(models=("bought/2",)) as client:
        answer = predict(client, json_rows[:1]).json()
        assert (answer["version"], answer["alias"]) == (2, None)
    with serving(models=("bought@challenger",)) as client:
        answer = predict(client, json_rows[:1]).json()
        assert (answer["version"], answer["alias"]) == (2, "challenger")


def test_the_challenger_answers_its_share(serving, json_rows):
    with serving(challenger_share=0.5) as client:
        answers = [predict(client, json_rows[:1]).json() for _ in range(40)]
        assert {(each["version"], each["alias"]) for each in answers} == {
            (1, "champion"),
            (2, "challenger"),
        }
        described = client.get("/models/bought").json()
        assert described["challenger"] == {"version": 2, "share": 0.5}
