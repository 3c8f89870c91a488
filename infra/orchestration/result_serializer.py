"""Prefect's kept results, as pickles that are only opened when this installation wrote them."""

import base64
import json
import logging
import pickle
from pathlib import Path
from typing import Any

from prefect.serializers import Serializer
from pydantic import Field

from espalier.infra.runs.seals import seal_key
from espalier.infra.settings import load_settings
from espalier.pipelines.serialization.sealed_files import UnsealedError, sealed, unsealed

_LOG = logging.getLogger(__name__)

TYPE = "espalier-sealed"


class SealedSerializer(Serializer):
    """Pickles with the seal of the home folder.

    See `espalier.pipelines.serialization.sealed_files`.
    """

    type: str = Field(default=TYPE, frozen=True)

    def dumps(self, obj: Any) -> bytes:
        """Return ``obj`` as sealed text."""
        content = pickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL)
        return base64.b64encode(sealed(content, _key()))

    def loads(self, blob: bytes) -> Any:
        """Return what `dumps` was given, or raise `UnsealedError`."""
        return pickle.loads(unsealed(base64.b64decode(blob), _key(), "a kept result"))


def drop_foreign(path: Path) -> None:
    """Remove a kept result that this installation did not write: its step is done again.

    So is one of another version, whose classes are elsewhere now.

    A record names the serializer it is opened with, so it is looked at before Prefect opens it.
    """
    try:
        record = json.loads(path.read_bytes())
        if record["metadata"]["serializer"]["type"] != TYPE:
            raise UnsealedError("another serializer")
        pickle.loads(unsealed(base64.b64decode(record["result"]), _key(), path.name))
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError, ImportError, AttributeError) as error:
        _LOG.warning("%s is not a result of ours (%s); its step is done again", path, error)
        path.unlink(missing_ok=True)


def _key() -> bytes:
    return seal_key(load_settings().home)
