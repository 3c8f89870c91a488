import pytest

from infra.redaction import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain/path.csv", "plain/path.csv"),
        ("postgresql://me:s3cr:et@host/db", "postgresql://me:***@host/db"),
        ("cannot reach s3://k:v@b/t.csv now", "cannot reach s3://k:***@b/t.csv now"),
        ("https://h/t.csv?a=1&token=abc&b=2", "https://h/t.csv?a=1&token=***&b=2"),
        ("https://h/t.csv?X-Amz-Signature=abc", "https://h/t.csv?X-Amz-Signature=***"),
        ("https://h/t.csv?sig=abc%2F", "https://h/t.csv?sig=***"),
        ("mysql://:pw@h/d", "mysql://:***@h/d"),
        ("sqlite:///x.db", "sqlite:///x.db"),
        ("https://h/t.csv?keyword=a", "https://h/t.csv?keyword=a"),
    ],
)
def test_redact(text, expected):
    assert redact(text) == expected
