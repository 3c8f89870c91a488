"""Remove secrets from text that is shown, logged or stored.

Two kinds are removed: what looks like a secret (passwords and tokens of URLs and connection
strings, private keys), and what is known to be one, because it was filled into a data source. Known
values are kept for as long as the process lives: a log handler that gets a driver's message has
nothing else to tell a password by.
"""

import html
import json
import re
import threading
from urllib.parse import quote, quote_plus, unquote

# ${NAME} and ${block:secret/name} stand for a secret; the name may be shown.
_NAMED = r"\$\{(?:\w+|block:secret/[\w\-]+)\}"
_NO_NAME = rf"(?!{_NAMED}(?:[@&;,\s'\"]|$))"
_LOGIN = r"[a-zA-Z][\w+.\-]*://[^\s/:@]*"
# A password may hold a slash that is not encoded, but host:8080/path is no password; nor is what
# stands between host:8080 and a mail address later in the sentence.
_PASSWORD = re.compile(
    rf"(?P<before>{_LOGIN}):{_NO_NAME}"
    r"(?:[^\s/]*|(?!\d+/)[^\s]*)@(?=[^@\s]*(?:\s|$))"
    rf"|(?P<earlier>{_LOGIN}):{_NO_NAME}[^\s/@]*@"
    rf"|(?P<spaced>{_LOGIN}):{_NO_NAME}(?!\d+(?:[\s/]|$))"
    r"[^\s/@'\"]*(?: [^\s/@'\"]+)+@(?=[\w\[])"
)
# A name alone before the @ of a web address is a token, not a user.
_TOKEN_USER = re.compile(rf"(?P<before>https?://){_NO_NAME}[^\s/:@]+@", re.IGNORECASE)
_SECRET_NAMES = (
    r"[\w\-]*(?:password|passwd|passphrase|pwd|secret|token|signature|credential|"
    r"(?:api|access|account|private|shared|secret|storage)[_\-]?key)[\w\-]*|"
    r"sig|key|auth|authorization"
)
_PARAMETER = re.compile(
    rf"(?P<before>(?:[?&;,\s]|%3B|%26)(?:{_SECRET_NAMES})(?:=|%3D)){_NO_NAME}"
    r"(?:'[^'\n]*'|\"[^\"\n]*\"|(?:(?!%3B|%26)[^&;,\s'\"])+)",
    re.IGNORECASE,
)
# Between semicolons, as in the connection strings of ODBC, a value may hold blanks.
_SPACED_PARAMETER = re.compile(
    rf"(?P<before>;\s*(?:{_SECRET_NAMES})=){_NO_NAME}[^;&'\"\n]+", re.IGNORECASE
)
_KEY_BLOCK = re.compile(
    r"(?P<before>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?!\*{3})"
    r".*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_HIDDEN = "***"

# Shorter values are no secrets, and hiding them would spoil every text.
_FEWEST_LETTERS = 4
# Values below this length are hidden where they stand alone: `shop` is not hidden in `workshop`.
_LONG = 8


class _KnownValues:
    """The values that were filled in, in every form in which they may come back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str, shown: str) -> None:
        with self._lock:
            for form in _forms(value):
                self._shown.setdefault(form, shown)
            longest_first = sorted(self._shown, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(_bounded, longest_first)))

    def hidden_in(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._shown[found[0]], text)


_KNOWN = _KnownValues()


def hide(value: str, shown: str) -> None:
    """Let `redact` replace ``value`` by ``shown`` from now on, in this process.

    Its percent-encoded, quoted and escaped forms are replaced too, and the password alone if it is
    a URL with one. Values of fewer than four characters are not hidden.

    Parameters
    ----------
    value : str
        The secret.
    shown : str
        What to show in its place, such as ``${SHOP_PASSWORD}``.
    """
    if len(value.strip()) < _FEWEST_LETTERS:
        return
    _KNOWN.add(value, shown)
    login = re.match(r"[a-zA-Z][\w+.\-]*://[^/:@]*:(?P<password>.*)@", value)
    if login is not None:
        for password in (login["password"], unquote(login["password"])):
            if len(password.strip()) >= _FEWEST_LETTERS:
                _KNOWN.add(password, _HIDDEN)


def redact(text: str) -> str:
    """Return ``text`` with passwords, tokens and private keys replaced by ``***``.

    Covers ``scheme://user:password@host``, ``https://token@host``, parameters such as
    ``?token=...`` or ``;PWD=...`` and PEM blocks, wherever in the text they stand, and the values
    that `hide` was told of; other text is unchanged.
    """
    text = _KNOWN.hidden_in(text)
    if "=" not in text and "://" not in text and "%3D" not in text and "-----BEGIN" not in text:
        return text
    hidden = _PASSWORD.sub(_without_password, text)
    hidden = _TOKEN_USER.sub(rf"\g<before>{_HIDDEN}@", hidden)
    hidden = _SPACED_PARAMETER.sub(rf"\g<before>{_HIDDEN}", hidden)
    hidden = _PARAMETER.sub(rf"\g<before>{_HIDDEN}", hidden)
    return _KEY_BLOCK.sub(rf"\g<before>{_HIDDEN}", hidden)


def redact_source(source: str) -> str:
    """Return a data source without its secrets; unlike in a sentence, blanks do not end a value."""
    if "://" not in source:
        return redact(source)
    blank = "\x00"
    return redact(source.replace(" ", blank)).replace(blank, " ")


def _without_password(found: re.Match[str]) -> str:
    return f"{found['before'] or found['earlier'] or found['spaced']}:{_HIDDEN}@"


def _forms(value: str) -> set[str]:
    """Return the forms in which a value may come back in a message, a URL, a page or a record."""
    encoded = {quote(value, safe=""), quote(value), quote_plus(value), quote_plus(value, safe="/")}
    lowered = {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), each) for each in encoded}
    escaped = {json.dumps(value)[1:-1], repr(value)[1:-1], html.escape(value)}
    plain = {value, value.strip(), json.dumps(value, ensure_ascii=False)[1:-1]}
    return {each for each in plain | encoded | lowered | escaped if each}


def _bounded(form: str) -> str:
    if len(form) >= _LONG:
        return re.escape(form)
    return rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])"
