"""What a page says of an archive of pictures: its classes, some pictures, and what was found."""

import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from espalier.flows.studio.tables.bars import Bar, bars_of
from espalier.flows.studio.tables.entries import TableEntry
from espalier.flows.studio.tables.reading import SeenTable
from espalier.infra.tables.picture_files.folders import IMAGE, LABEL
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.cells import PictureFiles, carried
from espalier.pipelines.images.decoding import PictureError, open_upright
from espalier.pipelines.images.reading import need_vision
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.request_checks import check_request

FEW_PICTURES = 10
"""A class with fewer pictures is hard to learn."""
_OF_EACH, _MOST_SHOWN = 6, 48
_CHECKED = 60
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on the page.

    Attributes
    ----------
    number : int
        Its row in the table of pictures.
    label : str
        Its class; empty where there are none.
    """

    number: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesView:
    """An archive of pictures, as a page shows it.

    Attributes
    ----------
    n_pictures : int
        Number of its pictures.
    classes : tuple of Bar
        How many there are of each class; empty where they lie in no folders.
    shown : tuple of Shown
        Some of each class.
    findings : tuple of (str, str)
        ``stop``, ``warning`` or ``note``, and what was found.
    """

    n_pictures: int
    classes: tuple[Bar, ...]
    shown: tuple[Shown, ...]
    findings: tuple[tuple[str, str], ...]

    @property
    def can_train(self) -> bool:
        """Whether nothing stands against a training."""
        return all(kind != "stop" for kind, _ in self.findings)


def look_at_pictures(entry: TableEntry, seen: SeenTable) -> PicturesView:
    """Return what a page says of the pictures of an archive.

    Parameters
    ----------
    entry : TableEntry
        The archive.
    seen : SeenTable
        Its table: a row for each picture, with its path and class.
    """
    rows = seen.rows
    labels = rows[LABEL] if LABEL in rows.columns else None
    return PicturesView(
        n_pictures=len(rows),
        classes=() if labels is None else bars_of(labels, as_classes=True),
        shown=_some(rows),
        findings=(*_stops(entry, rows), *_unusable(rows), *_warnings(entry, rows)),
    )


def thumbnail(rows: pd.DataFrame, number: int) -> str | None:
    """Return a picture, small, as a data URI; None if there is none, or it cannot be decoded.

    It is decoded and encoded anew, so nothing else of the file reaches the browser.
    """
    if not 0 <= number < len(rows):
        return None
    content = PictureFiles().load(rows[IMAGE].iloc[number])
    return None if isinstance(content, str) else carried(content)


def _some(rows: pd.DataFrame) -> tuple[Shown, ...]:
    """Return a few pictures of each class, evenly from all of its pictures."""
    if LABEL not in rows.columns:
        return tuple(Shown(at, "") for at in _even(len(rows), _MOST_SHOWN // 2))
    found: list[Shown] = []
    for label, part in rows.groupby(LABEL, sort=False):
        found += [Shown(int(part.index[at]), str(label)) for at in _even(len(part), _OF_EACH)]
        if len(found) >= _MOST_SHOWN:
            break
    return tuple(found)


def _even(n: int, wanted: int) -> list[int]:
    return sorted({at * n // wanted for at in range(wanted)}) if n else []


def _stops(entry: TableEntry, rows: pd.DataFrame) -> list[tuple[str, str]]:
    if LABEL not in rows.columns:
        said = (
            "these pictures lie in no folders of classes, so there is nothing to learn from them; "
            "a model can predict them"
        )
        return [("stop", said)]
    try:
        need_vision()
        check_request(TrainRequest.parse({"data": entry.name, "target": LABEL}), rows)
    except UserError as error:
        return [("stop", str(error))]
    return []


def _unusable(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Decode some pictures, and say which of them cannot be used."""
    files, faults = PictureFiles(), []
    places = _even(len(rows), _CHECKED)
    for at in places:
        path = str(rows[IMAGE].iloc[at])
        content = files.load(path)
        try:
            fault = content if isinstance(content, str) else _fault(content)
        except UserError:  # the package is missing, which is said already
            return []
        if fault:
            faults.append(f"{'/'.join(path.split('/')[-2:])} ({fault})")
    if not faults:
        return []
    few = ", ".join(faults[:_NAMED])
    return [("warning", f"{len(faults)} of {len(places)} looked at cannot be used: {few}")]


def _fault(content: bytes) -> str:
    try:
        open_upright(content, least=64)
    except PictureError as error:
        return str(error)
    return ""


def _warnings(entry: TableEntry, rows: pd.DataFrame) -> list[tuple[str, str]]:
    if LABEL not in rows.columns:
        return []
    found = []
    counts = rows[LABEL].value_counts()
    few = counts[counts < FEW_PICTURES]
    if len(few):
        named = ", ".join(f"{label!r} ({n})" for label, n in few.head(_NAMED).items())
        more = f" and {len(few) - _NAMED} more" if len(few) > _NAMED else ""
        found.append(("warning", f"fewer than {FEW_PICTURES} pictures of {named}{more}"))
    twice, apart = _copies(entry.source, rows)
    if apart:
        said = f"{apart} picture(s) are in several classes at once, byte for byte; which is right?"
        found.append(("warning", said))
    if twice:
        said = f"{twice} picture(s) are there more than once; a copy may be used to check the other"
        found.append(("warning", said))
    return found


def _copies(archive: str, rows: pd.DataFrame) -> tuple[int, int]:
    """Return how many pictures are copies of others of their class, and of other classes.

    The archive itself keeps a check sum of each, so that nothing has to be read.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            sums = {f"{archive}/{each.filename}": each for each in packed.infolist()}
    except (OSError, zipfile.BadZipFile):
        return 0, 0
    classes: dict[tuple[int, int], list[str]] = defaultdict(list)
    for path, label in zip(rows[IMAGE], rows[LABEL], strict=True):
        info = sums.get(path)
        if info is not None and info.file_size:
            classes[info.CRC, info.file_size].append(label)
    groups: Sequence[list[str]] = [each for each in classes.values() if len(each) > 1]
    apart = sum(len(set(each)) > 1 for each in groups)
    return sum(len(each) - 1 for each in groups if len(set(each)) == 1), apart
