"""``espalier ui`` opens both pages and closes what it opened."""

import re
import signal
import urllib.error
import urllib.request

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_both_pages_answer_until_it_is_stopped(espalier_in, tmp_path, end):
    process = espalier_in(tmp_path).start("ui")
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        urls = re.findall(r"http://127\.0\.0\.1:\d+", "".join(lines))
        assert len(urls) == 2, lines
        for url in urls:
            assert urllib.request.urlopen(url, timeout=10).status == 200
        process.send_signal(end)
        assert process.wait(timeout=60) == 0
        for url in urls:
            with pytest.raises(urllib.error.URLError):
                urllib.request.urlopen(url, timeout=5)
    finally:
        process.kill()
