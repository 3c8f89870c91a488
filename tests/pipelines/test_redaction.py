import pickle

import pytest

from espalier.pipelines.errors import EspalierError, UserError
from espalier.pipelines.redaction import hide, redact, redact_source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain/path.csv", "plain/path.csv"),
        ("a:b@c.csv", "a:b@c.csv"),
        ("postgresql://me:s3cr:et@host/db", "postgresql://me:***@host/db"),
        ("postgresql://ann:secret@db:5432/x?ssl=1", "postgresql://ann:***@db:5432/x?ssl=1"),
        ("pg://me:pa/ss@host/db", "pg://me:***@host/db"),
        ("pg://me:p@ss@host/db", "pg://me:***@host/db"),
        ("http://[broken:secret@x", "http://[broken:***@x"),
        ("cannot reach s3://k:v@b/t.csv now", "cannot reach s3://k:***@b/t.csv now"),
        ("'pg://a:b@c/d' or 'pg://e:f@g/h'", "'pg://a:***@c/d' or 'pg://e:***@g/h'"),
        ("mysql://:pw@h/d", "mysql://:***@h/d"),
        ("https://ghp_abc@host/t.csv", "https://***@host/t.csv"),
        ("postgresql://ann@db/x", "postgresql://ann@db/x"),
        ("http://host:8080/p?email=me@x.org", "http://host:8080/p?email=me@x.org"),
        ("https://h/t.csv?a=1&token=abc&b=2", "https://h/t.csv?a=1&token=***&b=2"),
        ("https://h/t.csv?X-Amz-Signature=abc", "https://h/t.csv?X-Amz-Signature=***"),
        ("https://h/t.csv?sig=abc%2F", "https://h/t.csv?sig=***"),
        ("https://h/t.csv?keyword=a", "https://h/t.csv?keyword=a"),
        ("mssql:///?odbc=A%3Db%3BPWD%3Dx%3BUID%3Du", "mssql:///?odbc=A%3Db%3BPWD%3D***%3BUID%3Du"),
        ("host=a password=b user=c", "host=a password=*** user=c"),
        ("pg://me:${SHOP}@host/db", "pg://me:${SHOP}@host/db"),
        ("https://${TOKEN}@host/t.csv", "https://${TOKEN}@host/t.csv"),
        ("https://h/t.csv?token=${TOKEN}&b=2", "https://h/t.csv?token=${TOKEN}&b=2"),
        ("pg://me:${SHOP}x@host/db", "pg://me:***@host/db"),
        ("sqlite:///x.db", "sqlite:///x.db"),
        ("monkey=1, key of x", "monkey=1, key of x"),
        ("pg://me:my pass@host/db", "pg://me:***@host/db"),
        ("cannot reach pg://me:a b c@host/db now", "cannot reach pg://me:***@host/db now"),
        ("no http://host:8080 for me@x.org", "no http://host:8080 for me@x.org"),
        ("odbc://?c=A=b;PWD=my pass;UID=u", "odbc://?c=A=b;PWD=***;UID=u"),
        ("'DRIVER=x;PWD=my pass' fails", "'DRIVER=x;PWD=***' fails"),
        ("host=a password='my pass' user=c", "host=a password=*** user=c"),
        ("snow://u@a/db?private_key=MII+/=&b=1", "snow://u@a/db?private_key=***&b=1"),
        ("az://c/x.csv?account_key=abc", "az://c/x.csv?account_key=***"),
        ("a?private_key_passphrase=x y", "a?private_key_passphrase=*** y"),
        (
            "bad -----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----!",
            "bad -----BEGIN PRIVATE KEY-----***!",
        ),
        ("pg://me:${block:secret/shop}@host/db", "pg://me:${block:secret/shop}@host/db"),
    ],
)
def test_redact(text, expected):
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize("kind", [EspalierError, UserError])
def test_no_error_of_ours_shows_a_password(kind):
    error = kind("cannot open postgresql://ann:secret@db/x; check it")
    assert str(error) == "cannot open postgresql://ann:***@db/x; check it"
    assert "secret" not in repr(error)
    assert "secret" not in repr(pickle.loads(pickle.dumps(error)))


@pytest.mark.parametrize(
    "text",
    [
        "file 'Hunter/2 \"real\" & co.csv' does not exist",
        "GET /x?a=Hunter%2F2%20%22real%22%20%26%20co",
        "GET /x?a=Hunter%2f2%20%22real%22%20%26%20co",
        "GET /x?a=Hunter%2F2+%22real%22+%26+co",
        '{"source": "Hunter/2 \\"real\\" & co"}',
        "<td>Hunter/2 &quot;real&quot; &amp; co</td>",
    ],
)
def test_a_value_that_was_filled_in_is_hidden_in_every_form(text):
    hide('Hunter/2 "real" & co', "${SHOP_PASSWORD}")
    assert "unter" not in redact(text)
    assert "${SHOP_PASSWORD}" in redact(text)


def test_a_short_value_is_hidden_where_it_stands_alone():
    hide("zork", "${SHOP}")
    hide("no", "${NO}")
    assert redact("user zork of bazorka said no") == "user ${SHOP} of bazorka said no"


def test_of_a_url_that_was_filled_in_its_password_alone_is_hidden_too():
    hide("pg://ann:pa%2Fss-w0rd@db/x", "${ESPALIER_SECRET_SHOP}")
    assert redact("to pg://ann:pa%2Fss-w0rd@db/x") == "to ${ESPALIER_SECRET_SHOP}"
    assert redact("FATAL: pa/ss-w0rd and pa%2Fss-w0rd are wrong") == "FATAL: *** and *** are wrong"


def test_in_a_source_a_blank_does_not_end_a_secret():
    assert redact_source("https://h/my t.csv?token=a b c") == "https://h/my t.csv?token=***"
    assert redact_source("pg://u:7 sins@h/db") == "pg://u:***@h/db"
    assert redact_source("my folder/x.csv") == "my folder/x.csv"
