"""The door of the studio: its password, the sessions of those who gave it, and their form tokens.

Nothing is stored of a session: the cookie holds its random name and its end, signed with a key that
lies in the home folder, readable by its owner alone. So a restart of the studio logs nobody out,
and another password logs everybody out.
"""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SESSION_SECONDS = 30 * 86_400
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Makes and checks sessions and the tokens of their forms.

    Attributes
    ----------
    key : bytes
        The key of this home folder.
    password : str or None
        What a person must give; None where everybody on this machine may come in.
    clock : callable
        Returns the seconds since 1970.
    """

    key: bytes = field(repr=False)
    password: str | None = field(repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether no password is asked for."""
        return self.password is None

    @property
    def cookie(self) -> str:
        """Name of the cookie; cookies do not tell ports apart, so that of two studios differs."""
        return f"espalier_{hashlib.sha256(self.key).hexdigest()[:8]}"

    def lets_in(self, password: str) -> bool:
        """Return whether this is the password; takes the same time for every wrong one."""
        wanted = self.password or ""
        return hmac.compare_digest(password.encode(), wanted.encode()) or self.is_open

    def new_session(self) -> str:
        """Return the cookie of a new session."""
        name, end = secrets.token_hex(16), int(self.clock() + SESSION_SECONDS)
        return f"{name}.{end}.{self._sign(f'session {name} {end}')}"

    def session_of(self, cookie: str | None) -> str | None:
        """Return the name of the session of a cookie; None if it is not ours or has ended."""
        parts = (cookie or "").split(".")
        if len(parts) != 3:
            return None
        name, end, signature = parts
        if not hmac.compare_digest(signature, self._sign(f"session {name} {end}")):
            return None
        return name if int(end) > self.clock() else None

    def form_token(self, session: str) -> str:
        """Return what every form of a session sends along, and no other site can know."""
        return self._sign(f"form {session}")

    def is_form_token(self, session: str, token: str) -> bool:
        """Return whether a form came from a page of this session."""
        return hmac.compare_digest(token, self.form_token(session))

    def _sign(self, text: str) -> str:
        key = hmac.digest(self.key, (self.password or "").encode(), "sha256")
        return hmac.new(key, text.encode(), "sha256").hexdigest()


def home_key(folder: Path) -> bytes:
    """Return the key in ``folder``, made at the first use and readable by its owner alone."""
    path = folder / "key"
    try:
        found = path.read_bytes()
        if len(found) == _KEY_BYTES:
            return found
    except FileNotFoundError:
        pass
    folder.mkdir(parents=True, exist_ok=True)
    made = secrets.token_bytes(_KEY_BYTES)
    partial = folder / f".key.{os.getpid()}"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(made)
    partial.replace(path)
    return path.read_bytes()
