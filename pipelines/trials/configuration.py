"""A point of the search space, as a plain value.

A configuration of ConfigSpace carries its whole space through every pickle; this one is only a
family and its active values, with a digest that is the same on every machine.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Value = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Configuration(Mapping[str, Value]):
    """A model family with the values of its active hyperparameters.

    Attributes
    ----------
    family : str
        Name of the learner in the registry.
    items_ : tuple of (str, value)
        Active hyperparameters, sorted by name. Preprocessing choices start with ``prep_``; the
        others belong to the model. Values are plain Python scalars.
    """

    family: str
    items_: tuple[tuple[str, Value], ...]

    @classmethod
    def of(cls, family: str, values: Mapping[str, Any]) -> "Configuration":
        """Return the configuration of ``family`` with ``values`` (numpy scalars made plain)."""
        return cls(family, tuple(sorted((name, _plain(value)) for name, value in values.items())))

    def __getitem__(self, name: str) -> Value:
        for key, value in self.items_:
            if key == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.items_)

    def __len__(self) -> int:
        return len(self.items_)

    def __hash__(self) -> int:
        return hash((self.family, self.items_))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Configuration)
            and self.family == other.family
            and self.items_ == other.items_
        )

    @property
    def model_values(self) -> dict[str, Value]:
        """The hyperparameters of the model, without the preprocessing choices."""
        return {name: value for name, value in self.items_ if not name.startswith("prep_")}

    @property
    def preprocessing_values(self) -> dict[str, Value]:
        """The preprocessing choices, without their ``prep_`` prefix."""
        return {name[5:]: value for name, value in self.items_ if name.startswith("prep_")}

    @property
    def digest(self) -> str:
        """A hash of the configuration, twelve hexadecimal digits."""
        text = json.dumps([self.family, self.items_], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {"family": self.family, "values": dict(self.items_)}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Configuration":
        """Return the configuration that `to_dict` described."""
        return cls.of(record["family"], record["values"])


def _plain(value: Any) -> Value:
    """Return a plain Python scalar for a numpy one."""
    item = value.item() if hasattr(value, "item") else value
    return str(item) if isinstance(item, str) else item  # numpy.str_ is a str too
