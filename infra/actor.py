"""The name under which decisions of this process are logged."""

import getpass
import socket


def current_actor() -> str:
    """Return ``user@host`` of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
