"""Recent rows come from one place."""

import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.monitor import MonitorRequest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "give recent rows"),
        ({"data": "a.csv", "requests": True}, "not both"),
        ({"data": "a.csv", "labels": "b.csv"}, "belong to the request log"),
        ({"data": "a.csv", "since": "7d"}, "belong to the request log"),
        ({"requests": True, "query": "SELECT 1"}, "a query belongs to a database"),
        ({"requests": True, "since": "soon"}, "--since 'soon' is not a duration"),
    ],
)
def test_what_does_not_go_together_is_said(options, said):
    with pytest.raises(UserError, match=said):
        MonitorRequest.parse({"name": "m", **options})


def test_a_table_or_the_request_log():
    assert MonitorRequest.parse({"name": "m", "data": "a.csv"}).requests is False
    asked = MonitorRequest.parse({"name": "m", "requests": True, "labels": "b", "since": "7d"})
    assert (asked.data, asked.labels, asked.since) == (None, "b", "7d")
