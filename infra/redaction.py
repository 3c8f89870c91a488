"""Secrets out of text that people, logs and stores get to see."""

import re

_URL_PASSWORD = re.compile(r"(?P<before>[a-zA-Z][\w+.\-]*://[^\s/:@]*):(?P<secret>[^\s/]*)@")
_SECRET_NAMES = (
    r"[\w\-]*(?:password|passwd|pwd|secret|token|api[_\-]?key|access[_\-]?key|signature|"
    r"credential)[\w\-]*|sig|key"
)
_PARAMETER = re.compile(
    rf"(?P<before>[?&;,\s]({_SECRET_NAMES})=)(?P<secret>[^&;,\s'\"]+)", re.IGNORECASE
)


def redact(text: str) -> str:
    """Return ``text`` with passwords and tokens in URLs replaced by ``***``.

    Covers ``scheme://user:password@host`` and parameters such as ``?token=...``, wherever in the
    text they stand; other text is unchanged.
    """
    hidden = _URL_PASSWORD.sub(r"\g<before>:***@", text)
    return _PARAMETER.sub(r"\g<before>***", hidden)
