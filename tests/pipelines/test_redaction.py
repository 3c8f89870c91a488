import pytest

from espalier.pipelines.errors import EspalierError, UserError
from espalier.pipelines.redaction import redact


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
    ],
)
def test_redact(text, expected):
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize("kind", [EspalierError, UserError])
def test_no_error_of_ours_shows_a_password(kind):
    error = kind("cannot open postgresql://ann:secret@db/x; check it")
    assert str(error) == "cannot open postgresql://ann:***@db/x; check it"
