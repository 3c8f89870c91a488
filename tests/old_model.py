"""A version as Espalier 0.1 logged it, when its code was imported as `pipelines`; made by hand."""

SERVING = """
import json
from pathlib import Path

import numpy as np


class Model:
    classes = None

    def predict_scores(self, table):
        return np.full(len(table), 7.0)


def load_model(folder):
    return Model()


def _load_pyfunc(folder):
    return Model()
"""


def register_old(tracking, name, folder, *, alias, own_code=True):
    """Register a version of the model ``name`` and give it the alias; return its number."""
    import mlflow.pyfunc

    from espalier.infra.registry.registry import make_registered_model

    package = folder / "pipelines" / "ensemble"
    package.mkdir(parents=True)
    for each in (package.parent, package):
        (each / "__init__.py").write_text("")
    if own_code:
        (package / "serving.py").write_text(SERVING)
    saved = folder / "saved"
    saved.mkdir()
    (saved / "manifest.json").write_text("{}")
    place = folder / "model"
    mlflow.pyfunc.save_model(
        str(place),
        loader_module="pipelines.ensemble.serving",
        data_path=str(saved),
        code_paths=[str(package.parent)],
        pip_requirements=["numpy"],
    )
    run_id = tracking.start_run("training")
    client = tracking.client
    make_registered_model(client, name)
    made = client.create_model_version(name, source=place.as_uri(), run_id=run_id)
    client.set_registered_model_alias(name, alias, made.version)
    return int(made.version)
