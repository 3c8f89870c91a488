"""What is different about a saved model's surroundings, and about its answers, since it was saved.

An image with other packages opens a model as before, and may answer differently. `ModelCheck` says
which packages differ, whether this code does, and whether the golden rows are answered as before.
Only the last decides whether the model can be trusted: versions may differ and answers be the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from espalier.pipelines.errors import UserError
from espalier.pipelines.serving.golden_rows import Answers, GoldenCheck

ABSENT = "not installed"


class ModelDiffersError(UserError):
    """A model does not answer as it did when it was saved, and the policy refuses it then."""


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package of another version than the model was saved with.

    Attributes
    ----------
    name : str
        The package.
    then, now : str
        The versions; ``not installed`` for an absent package.
    """

    name: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.name} {self.then} -> {self.now}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCheck:
    """A saved model beside what opens it now.

    Attributes
    ----------
    golden : GoldenCheck
        Its answers to the golden rows.
    packages : tuple of PackageChange
        Packages of another version.
    other_code : bool
        Whether another version of this code saved it.
    other_format : str
        The format it was saved in, if it is not the present one; empty otherwise.
    """

    golden: GoldenCheck
    packages: tuple[PackageChange, ...] = ()
    other_code: bool = False
    other_format: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Every difference as a line that says what to do; empty if there is none."""
        found = []
        if self.other_format:
            found.append(f"{self.other_format}; it may not open")
        if self.packages:
            found.append(
                "the model was saved with other package versions: "
                f"{self.shown_packages}; install the pins in its requirements.txt"
            )
        if self.other_code:
            found.append(
                "the model was saved by another version of this code than the one that opens it; "
                "serve it in its own process, with the code that is logged beside it"
            )
        if self.golden.answers is Answers.FAILED:
            found.append(
                f"the model cannot answer the rows it was saved with ({self.golden.text}); "
                "install the pins in its requirements.txt"
            )
        elif self.golden.answers is Answers.DIFFERENT:
            found.append(
                "the model answers the rows it was saved with differently than it did then "
                f"({self.golden.text}); install the pins in its requirements.txt or train it again"
            )
        return tuple(found)

    @property
    def shown_packages(self) -> str:
        """The packages that differ, on one line; empty if none do."""
        return ", ".join(map(str, self.packages))

    def require_same_answers(self, shown: str) -> None:
        """Refuse the model named ``shown`` if it does not answer as when it was saved.

        Raises
        ------
        ModelDiffersError
            It does not; the message says how the answers, and which packages, differ.
        """
        if self.golden.is_trusted:
            return
        what = (
            "cannot answer the rows it was saved with"
            if self.golden.answers is Answers.FAILED
            else "answers the rows it was saved with differently than it did then"
        )
        because = (
            f"these packages differ: {self.shown_packages}"
            if self.packages
            else "its packages are those it was saved with"
        )
        raise ModelDiffersError(
            f"model {shown} {what} ({self.golden.text}); {because}. Install the pins in its "
            "requirements.txt, train it again, or use it all the same with --on-difference warn"
        )


def package_changes(saved: Mapping[str, Any]) -> tuple[PackageChange, ...]:
    """Return the packages whose installed version is not the saved one, in the saved order."""
    changes = []
    for name, then in saved.items():
        try:
            now = version(name)
        except PackageNotFoundError:
            now = ABSENT
        if now != then:
            changes.append(PackageChange(name, str(then), now))
    return tuple(changes)
