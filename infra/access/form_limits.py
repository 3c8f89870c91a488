"""What a form may have read and written: folders, hosts and databases that the operator has named.

Whoever fills in a form is nobody we know, and what they name is read with the rights of the process
that serves the flows. So:

- local files are read below the folders of ``ESPALIER_DATA_ROOTS`` alone, objects of a store such
  as S3 below an address that begins with an entry there, and no file of a hidden folder;
- web addresses are read from public hosts, and from those that ``ESPALIER_FORM_HOSTS`` names;
- databases are read at hosts that ``ESPALIER_FORM_HOSTS`` names, sqlite's files as other files;
- secrets are sent to hosts that ``ESPALIER_FORM_HOSTS`` names;
- predictions are written below the folders of ``ESPALIER_OUT_ROOTS`` alone.

A source that is one variable of the environment and nothing else is the operator's own.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from espalier.infra.access.addresses import NamedHosts, as_address, is_public, resolved
from espalier.infra.access.guarded_http import HttpGuard
from espalier.infra.form_settings import SECRET_PREFIX
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact_source

_WEB = ("http", "https")
_LOCAL = ("file", "local")
_OWN_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*\}")
_VERSION_6 = re.compile(r"\[[0-9A-Fa-f:.]*\]")
# Options of database URLs that neither name another host nor a file.
_HARMLESS = frozenset(
    ("sslmode", "ssl", "charset", "encrypt", "application_name", "connect_timeout", "warehouse",
     "role", "schema")
)  # fmt: skip


def named_hosts(settings: Settings, environ: Mapping[str, str] | None = None) -> NamedHosts:
    """Return the hosts of the setting, and those of the operator's secrets that are URLs."""
    values = os.environ if environ is None else environ
    secret = (value for name, value in values.items() if name.startswith(SECRET_PREFIX))
    hosts = (_host(value) for value in secret if "://" in value)
    return NamedHosts([*settings.form_hosts, *(each for each in hosts if each)])


def require_readable(written: str, source: str, settings: Settings, *, is_database: bool) -> None:
    """Refuse a source that a form may not have read, before anything about it is looked up.

    Parameters
    ----------
    written : str
        The source as the form has it, with placeholders.
    source : str
        The source with secrets filled in.
    settings : Settings
        Name folders and hosts.
    is_database : bool
        Whether it is the URL of a database.

    Raises
    ------
    UserError
        It may not be read; the message names the setting that allows it.
    """
    if _OWN_VARIABLE.fullmatch(written):
        return
    scheme, separator, path = source.partition("://")
    scheme = scheme.lower()
    if is_database:
        _require_database(written, source, settings)
    elif separator and "::" in _VERSION_6.sub("", source):
        raise UserError(
            f"{redact_source(written)!r} is a chain of addresses, which are not read for a form; "
            "name the file itself"
        )
    elif not separator or scheme in _LOCAL:
        require_readable_file(path if separator else source, settings)
    elif scheme in _WEB:
        _require_web(written, source, settings)
    else:
        _require_object(written, source, settings)


def require_readable_file(path: str, settings: Settings) -> None:
    """Refuse a local file or pattern of files outside the folders that forms may read.

    Raises
    ------
    UserError
        It lies elsewhere, also by a link, or in a hidden folder.
    """
    roots = [Path(each) for each in settings.data_roots if "://" not in each]
    if not any(_is_below(path, root, settings) for root in roots):
        raise UserError(
            f"{path!r} is not in a folder whose files forms may read "
            f"({', '.join(map(str, settings.data_roots)) or 'there is none'}); the variable "
            "ESPALIER_DATA_ROOTS of the process that serves the flows names them"
        )


def guard_of(source: str, settings: Settings) -> HttpGuard | None:
    """Return the guard with which a web address is opened for a form; None for another source."""
    if source.partition("://")[0].lower() not in _WEB:
        return None
    hosts = named_hosts(settings)
    guard, host = HttpGuard(hosts), _host(source)
    if host and hosts.has_name(host):
        guard.trust(resolved(host))
    return guard


def output_path(out: str, settings: Settings) -> Path:
    """Return where a form's output is written; a relative path is one below the first folder.

    Raises
    ------
    UserError
        It lies outside the folders that forms may write to, or among the home's own files.
    """
    roots = settings.form_out_roots
    path = Path(os.path.join(roots[0], out))
    if not any(_is_below(str(path), root, settings) for root in roots):
        raise UserError(
            f"{out!r} is not in a folder that forms may write to "
            f"({', '.join(map(str, roots))}); the variable ESPALIER_OUT_ROOTS of the process that "
            "serves the flows names them"
        )
    if roots[0] in path.parents:
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _is_below(path: str, root: Path, settings: Settings) -> bool:
    """Return whether ``path`` is inside ``root``, as written and with its links followed."""
    written = Path(os.path.abspath(path))
    real, real_root = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    for place, base in ((written, Path(os.path.abspath(root))), (real, real_root)):
        if place != base and base not in place.parents:
            return False
    if any(part.startswith(".") for part in real.relative_to(real_root).parts):
        return False
    home = Path(os.path.realpath(settings.home))
    # A folder in the home may be named as such; the others in there are ours.
    return home in real_root.parents or (real != home and home not in real.parents)


def _require_web(written: str, source: str, settings: Settings) -> None:
    # What libraries may read in two ways would be checked in one and opened in the other.
    if re.search(r"[\\\s\x00-\x1f]", source) or urlsplit(source).netloc.count("@") > 1:
        raise UserError(f"{redact_source(written)!r} is not a plain web address")
    hosts, host = named_hosts(settings), _host(source)
    if host and hosts.has_name(host):
        return
    if "${" in written:
        raise _no_secret_for(host)
    address = as_address(host or "")
    found = resolved(host) if host and address is None else (address,) if address else ()
    private = [each for each in found if not is_public(each) and not hosts.has_address(each)]
    if private:
        raise UserError(
            f"{redact_source(written)!r} is at {private[0]}, which is no public address, and is "
            "not read for a form; the variable ESPALIER_FORM_HOSTS of the process that serves the "
            "flows names hosts that may be read"
        )


def _require_database(written: str, source: str, settings: Settings) -> None:
    from sqlalchemy import exc, make_url

    shown = redact_source(written)
    try:
        address = make_url(source.replace("postgres://", "postgresql://", 1))
        kind = address.get_backend_name()
    except (exc.ArgumentError, ValueError):
        raise UserError(f"{shown!r} is not a database URL") from None
    unusual = sorted(name for name in address.query if name.lower() not in _HARMLESS)
    if unusual:
        raise UserError(
            f"the option {unusual[0]!r} of {shown!r} is not taken from a form; put the whole URL "
            f"into a variable {SECRET_PREFIX}... of the process that serves the flows, and name "
            f"that: ${{{SECRET_PREFIX}...}}"
        )
    if kind == "sqlite":
        require_readable_file(address.database or "", settings)
    elif kind == "duckdb" or not address.host:
        raise UserError(
            f"{shown!r} is a database of the machine itself, which is not read for a form"
        )
    elif not named_hosts(settings).has_name(address.host):
        raise UserError(
            f"databases at {address.host!r} are not read for a form; the variable "
            "ESPALIER_FORM_HOSTS of the process that serves the flows names hosts that may be read"
        )


def _require_object(written: str, source: str, settings: Settings) -> None:
    scheme, _, path = source.partition("://")
    plain = f"{scheme.lower()}://{path}"
    roots = [each.rstrip("/") + "/" for each in settings.data_roots if "://" in each]
    if ".." in path.split("/") or not any(plain.startswith(root) for root in roots):
        raise UserError(
            f"{redact_source(written)!r} is not below an address that forms may read; the variable "
            "ESPALIER_DATA_ROOTS of the process that serves the flows names them, such as "
            "s3://bucket/folder"
        )


def _no_secret_for(host: str | None) -> UserError:
    return UserError(
        f"a form's secrets are not sent to {host or 'an unknown host'!r}; the variable "
        "ESPALIER_FORM_HOSTS of the process that serves the flows names hosts that may have them"
    )


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
