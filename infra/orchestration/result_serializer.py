"""Store Prefect's results as sealed pickles, so that only those of this installation are opened."""

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
    """Serializes results as pickles with the seal of the home folder.

    See `espalier.pipelines.serialization.sealed_files`.
    """

    type: str = Field(default=TYPE, frozen=True)

    def dumps(self, obj: Any) -> bytes:
        """Return ``obj`` as a sealed pickle, encoded as text."""
        content = pickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL)
        return base64.b64encode(sealed(content, _key()))

    def loads(self, blob: bytes) -> Any:
        """Return the object that `dumps` serialized; raise `UnsealedError` without a valid seal."""
        return pickle.loads(unsealed(base64.b64decode(blob), _key(), "a kept result"))


def drop_foreign(path: Path) -> None:
    """Remove a stored result that this installation did not write, so that its task runs again.

    So is a result of another version, whose classes have moved.

    A stored result names the serializer that opens it, so it is checked before Prefect opens it.
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
