"""The request log is complete, bounded and private."""

import json
import stat

import pytest

from espalier.infra.places import request_log_folder
from espalier.infra.web.endpoint.request_log import FILES, RequestLog
from espalier.pipelines.errors import UserError

DAY = 86_400.0


def lines_in(folder):
    return [
        line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()
    ]


def test_what_is_appended_is_there_in_its_order(tmp_path):
    log = RequestLog(tmp_path / "log", most_bytes=10**6)
    for number in range(50):
        log.append(b"%d\n" % number)
    log.close()
    assert lines_in(tmp_path / "log") == [b"%d" % number for number in range(50)]
    (path,) = (tmp_path / "log").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_oldest_files_go_when_it_is_full(tmp_path):
    now = [1e9]
    log = RequestLog(tmp_path, most_bytes=FILES * 100, clock=lambda: now[0])
    for number in range(200):
        now[0] += 1.0
        log._write(b"%049d\n" % number)
    log.close()
    kept = [int(line) for line in lines_in(tmp_path)]
    assert kept == list(range(kept[0], 200))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= FILES * 100
    assert len(kept) >= 30


def test_old_files_go(tmp_path):
    now = [1e9]
    log = RequestLog(tmp_path, most_bytes=10**6, keep_days=30.0, clock=lambda: now[0])
    log._write(b"old\n")
    now[0] += 20 * DAY
    log._write(b"new\n")
    assert lines_in(tmp_path) == [b"old", b"new"]
    now[0] += 20 * DAY
    log._write(b"newest\n")
    log.close()
    assert lines_in(tmp_path) == [b"new", b"newest"]


def test_a_disk_that_takes_nothing_stops_no_request(tmp_path):
    (tmp_path / "file").write_text("")
    log = RequestLog(tmp_path / "file" / "log", most_bytes=10**6)
    log.append(b"1\n")
    log.close()
    assert log.n_dropped == 1


def test_the_folder_is_below_the_home_whatever_the_model_is_called(stores):
    below = stores.home / "requests"
    for name in ("churn", "Q1 a", "..", ".", "../x", "a%2Fb"):
        assert request_log_folder(stores.home, name).parent == below
        assert request_log_folder(stores.home, name).resolve().parent == below.resolve()


def test_requests_are_logged_by_their_share(shop, serving, json_rows):
    from espalier.infra.web.endpoint.options import LogOptions

    folder = request_log_folder(shop.home, "bought")
    before = len(lines_in(folder))
    with serving(log=LogOptions(sample=0.0)) as client:
        client.post("/models/bought/predict", json={"rows": json_rows[:2]})
    assert len(lines_in(folder)) == before
    with serving(log=LogOptions(sample=1.0)) as client:
        headers = {"X-Request-ID": "r7"}
        client.post("/models/bought/predict", json={"rows": json_rows[:2]}, headers=headers)
        client.post("/models/bought/predict", json={"rows": [{}]})
    new = [json.loads(line) for line in lines_in(folder)[before:]]
    assert [(each["request"], each["row"]) for each in new] == [("r7", 0), ("r7", 1)]
    assert new[0]["values"]["whole"] == json_rows[0]["whole"]


def test_a_misspelt_column_to_leave_out_is_said(serving):
    from espalier.infra.web.answering.messages import LogRules
    from espalier.infra.web.endpoint.options import LogOptions

    wrong = LogOptions(rules=LogRules(redacted=frozenset({"knd"})))
    with (
        pytest.raises(UserError, match=r"no model has a column 'knd' .* 'kind'"),
        serving(log=wrong),
    ):
        pass
