"""Who gets in, whose forms are taken, and what is too large."""

import io
import stat

import pytest

from espalier.flows.studio.security.door import Door, home_key
from espalier.flows.studio.security.hosts import KnownHosts
from espalier.flows.studio.serve import StudioOptions
from espalier.infra.network.ports import is_loopback
from espalier.pipelines.errors import UserError

PASSWORD = "a good password"


@pytest.fixture
def locked(new_home, visit):
    return visit(new_home(), password=PASSWORD)


def log_in(visitor, password=PASSWORD, after="/data"):
    fields = {"password": password, "after": after}
    return visitor.client.post("/login", data=fields, follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/data", "/train", "/models/churn", "/work/1-2/result"])
def test_without_the_password_no_page_is_shown(locked, path):
    reply = locked.get(path, follow_redirects=False)
    assert reply.status_code == 303
    assert reply.headers["location"].startswith("/login?after=/")


def test_without_the_password_nothing_is_taken(locked):
    reply = locked.client.post("/data/upload", files={"file": ("a.csv", b"a\n1\n")})
    assert reply.status_code == 401


def test_a_wrong_password_is_told_and_lets_nobody_in(locked, monkeypatch):
    monkeypatch.setattr("espalier.flows.studio.pages.login._WRONG_SECONDS", 0.0)
    assert log_in(locked, "something else").status_code == 403
    assert locked.get("/data", follow_redirects=False).status_code == 303


def test_the_password_opens_the_page_that_was_asked_for(locked):
    reply = log_in(locked, after="/models")
    assert (reply.status_code, reply.headers["location"]) == (303, "/models")
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert locked.get("/data").status_code == 200


@pytest.mark.parametrize("after", ["https://evil.example", "//evil.example", "/\\evil", "data"])
def test_a_login_leads_to_no_other_site(locked, after):
    assert log_in(locked, after=after).headers["location"] == "/"


def test_whoever_logs_out_is_out(locked):
    log_in(locked)
    assert locked.post("/logout", follow_redirects=False).status_code == 303
    assert locked.get("/data", follow_redirects=False).status_code == 303


def test_a_session_outlives_the_studio_but_not_its_password(new_home, visit):
    settings = new_home()
    first = visit(settings, password=PASSWORD)
    log_in(first)
    again = visit(settings, password=PASSWORD, cookies=dict(first.client.cookies))
    other = visit(settings, password="another password", cookies=dict(first.client.cookies))
    assert again.get("/data", follow_redirects=False).status_code == 200
    assert other.get("/data", follow_redirects=False).status_code == 303


def test_a_session_ends_and_cannot_be_made_up():
    now = [1000.0]
    door = Door(key=b"k" * 32, password=PASSWORD, clock=lambda: now[0])
    cookie = door.new_session()
    name, end, signature = cookie.split(".")
    assert door.session_of(cookie) == name
    assert door.session_of(f"{name}.{int(end) + 1}.{signature}") is None
    assert door.session_of(f"{'0' * 32}.{end}.{signature}") is None
    assert door.session_of("rubbish") is None
    now[0] = float(end) + 1
    assert door.session_of(cookie) is None


def test_the_key_is_for_its_owner_alone(tmp_path):
    key = home_key(tmp_path / "studio")
    assert home_key(tmp_path / "studio") == key
    assert stat.S_IMODE((tmp_path / "studio" / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"referer": "https://evil.example/page"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_site_does_nothing(visitor, headers):
    files = {"file": ("a.csv", io.BytesIO(b"a,b\n1,2\n"))}
    reply = visitor.post("/data/upload", files=files, headers=headers)
    assert reply.status_code == 403
    assert "a.csv" not in visitor.get("/data").text


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_form_without_its_token_does_nothing(visitor, token):
    visitor.get("/data")
    reply = visitor.post("/data/source", {"csrf": token, "source": "https://example.org/x.csv"})
    assert reply.status_code == 403
    assert "example.org" not in visitor.get("/data").text


def test_the_token_of_another_session_is_none(home, visitor, visit):
    theirs = visit(home).token()
    fields = {"csrf": theirs, "source": "https://example.org/x.csv"}
    assert visitor.post("/data/source", fields).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8600", ""])
def test_under_another_name_nothing_is_answered(visitor, host):
    reply = visitor.get("/data", headers={"host": host})
    assert reply.status_code == 421
    assert "Data" not in reply.text


@pytest.mark.parametrize("host", ["127.0.0.1:8600", "localhost:1", "[::1]:8600", "LOCALHOST"])
def test_this_machine_has_several_names(host):
    assert KnownHosts.of("127.0.0.1").has(host)


def test_who_listens_elsewhere_answers_to_addresses_and_named_hosts_alone():
    hosts = KnownHosts.of("0.0.0.0", ("studio.example",))
    assert hosts.has("192.168.1.7:8600")
    assert hosts.has("studio.example")
    assert not hosts.has("evil.example")
    assert not hosts.has("a:b:c:d")


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False)],
)
def test_what_only_this_machine_reaches(host, is_own):
    assert is_loopback(host) is is_own


def test_a_password_is_drawn_where_others_reach_the_studio():
    assert StudioOptions().effective_password is None
    drawn = [StudioOptions(host="0.0.0.0").effective_password for _ in range(2)]
    assert drawn[0] != drawn[1]
    assert all(len(each) >= 20 for each in drawn)
    with pytest.raises(UserError, match="eight"):
        StudioOptions(password="short")


def test_too_large_a_file_is_refused_and_not_kept(home, visit):
    small = visit(home, most_bytes=20_000)
    reply = small.upload("large.csv", b"a,b\n" + b"1,2\n" * 10_000)
    assert reply.status_code == 413
    assert "max-upload" in reply.text
    assert "large.csv" not in small.get("/data").text


def test_too_large_a_file_is_refused_too_if_its_size_is_not_told(home, visit):
    small = visit(home, most_bytes=20_000)
    token = small.token()
    head = (
        b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + token.encode() + b"\r\n"
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="large.csv"\r\n\r\n'
    )

    def chunks():
        yield head
        for _ in range(100):
            yield b"1,2\n" * 250

    reply = small.client.post(
        "/data/upload",
        content=chunks(),
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert reply.status_code == 413


def test_too_large_a_form_is_refused(visitor):
    fields = {"source": "x" * 5_000_000}
    assert visitor.post("/data/source", fields).status_code == 413


def test_every_page_forbids_scripts_of_others_and_frames(visitor):
    headers = visitor.get("/").headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
