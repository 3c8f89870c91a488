"""What checks and pictures of a training table came to."""

from dataclasses import dataclass
from pathlib import Path

from espalier.pipelines.images.bad_files import BadFile
from espalier.pipelines.images.looks import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRecord:
    """Result of checking the training table against its suite.

    Attributes
    ----------
    n_expectations : int
        Number of expectations checked.
    failures : tuple of (severity, expectation)
        The expectations that do not hold.
    json_path, html_path : Path
        The suite with its results, as JSON and as a page.
    """

    n_expectations: int
    failures: tuple[tuple[str, str], ...]
    json_path: Path
    html_path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesRecord:
    """The picture columns of a training table, after every file has been opened.

    Attributes
    ----------
    columns : tuple of str
        The columns that hold pictures.
    look : Look or None
        How closely they were looked at; None without pictures.
    n_pictures, n_computed : int
        Usable pictures, and those whose vectors were not known from before.
    n_unread : int
        Pictures for which there was no time; they count as missing.
    seconds : float
        Time that it took.
    notes, warnings : tuple of str
        Remarks; files that cannot be used, with the reasons.
    bad_files : tuple of BadFile
        All pictures that cannot be used.
    """

    columns: tuple[str, ...] = ()
    look: Look | None = None
    n_pictures: int = 0
    n_computed: int = 0
    n_unread: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    bad_files: tuple[BadFile, ...] = ()


NO_PICTURES = PicturesRecord()
