"""Files of JSON lines that a program which may be killed goes on with."""

from pathlib import Path


def whole_lines(path: Path) -> list[str]:
    """Return the lines of a file, none where there is no file; a torn last line is cut off it."""
    if not path.exists():
        return []
    whole = path.read_text().rpartition("\n")[0]
    path.write_text(whole + "\n" if whole else "")
    return whole.splitlines()
