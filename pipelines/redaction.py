"""Remove secrets from text that is shown, logged or stored."""

import re

# ${NAME} stands for a secret that only the environment knows; the name may be shown.
_NO_NAME = r"(?!\$\{\w+\}(?:[@&;,\s'\"]|$))"
# A password may hold a slash that is not encoded, but host:8080/path is no password.
_PASSWORD = re.compile(
    rf"(?P<before>[a-zA-Z][\w+.\-]*://[^\s/:@]*):{_NO_NAME}"
    r"(?:[^\s/]*|(?!\d+/)[^\s]*)@(?=[^@\s]*(?:\s|$))"
    rf"|(?P<earlier>[a-zA-Z][\w+.\-]*://[^\s/:@]*):{_NO_NAME}[^\s/@]*@"
)
# A name alone before the @ of a web address is a token, not a user.
_TOKEN_USER = re.compile(rf"(?P<before>https?://){_NO_NAME}[^\s/:@]+@", re.IGNORECASE)
_SECRET_NAMES = (
    r"[\w\-]*(?:password|passwd|pwd|secret|token|api[_\-]?key|access[_\-]?key|signature|"
    r"credential)[\w\-]*|sig|key|auth|authorization"
)
_PARAMETER = re.compile(
    rf"(?P<before>(?:[?&;,\s]|%3B|%26)(?:{_SECRET_NAMES})(?:=|%3D)){_NO_NAME}"
    r"(?:(?!%3B|%26)[^&;,\s'\"])+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return ``text`` with passwords and tokens in URLs replaced by ``***``.

    Covers ``scheme://user:password@host``, ``https://token@host`` and parameters such as
    ``?token=...`` or ``;PWD=...``, wherever in the text they stand; other text is unchanged.
    """
    if "=" not in text and "://" not in text and "%3D" not in text:
        return text
    hidden = _PASSWORD.sub(_without_password, text)
    hidden = _TOKEN_USER.sub(r"\g<before>***@", hidden)
    return _PARAMETER.sub(r"\g<before>***", hidden)


def _without_password(found: re.Match[str]) -> str:
    return f"{found['before'] or found['earlier']}:***@"
