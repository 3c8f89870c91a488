"""Report of trying registered models with the installed packages."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from espalier.infra.operations.model_checks import CheckedModel


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Outcome of `check`.

    Attributes
    ----------
    models : tuple of CheckedModel
        The models that were tried, and what came of each.
    """

    models: tuple[CheckedModel, ...]

    @classmethod
    def of(cls, models: Sequence[CheckedModel]) -> "CheckReport":
        """Return the report, those that cannot be trusted first."""
        return cls(tuple(sorted(models, key=lambda each: (each.is_trusted, each.model))))

    @property
    def distrusted(self) -> tuple[CheckedModel, ...]:
        """The models that do not answer as they did."""
        return tuple(each for each in self.models if not each.is_trusted)

    @property
    def line(self) -> str:
        """The outcome in one line, which names the models that do not answer as they did."""
        if not self.models:
            return "there is no champion to try"
        bad = self.distrusted
        if not bad:
            return f"{len(self.models)} model(s) answer as when they were logged"
        named = "; ".join(f"{each.model} {each.verdict}: {each.text}" for each in bad[:10])
        more = f"; and {len(bad) - 10} more" if len(bad) > 10 else ""
        packages = tuple(dict.fromkeys(change for each in bad for change in each.packages))
        because = f"; packages that differ: {', '.join(packages)}" if packages else ""
        return (
            f"{len(bad)} of {len(self.models)} model(s) do not answer as when they were logged: "
            f"{named}{more}{because}"
        )

    @property
    def rows(self) -> list[dict[str, str]]:
        """One row per model, for a table."""
        return [
            {
                "model": each.model,
                "answers": each.verdict,
                "what": each.text,
                "packages": ", ".join(each.packages),
            }
            for each in self.models
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready record."""
        return {"ok": not self.distrusted, "models": [asdict(each) for each in self.models]}
