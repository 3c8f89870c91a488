"""Espalier in the AutoML Benchmark: this module runs in the benchmark's own environment."""

from amlb.utils import call_script_in_same_dir


def setup(*args, **kwargs):
    """Make an environment with Espalier, by ``setup.sh``."""
    call_script_in_same_dir(__file__, "setup.sh", *args, **kwargs)


def run(dataset, config):
    """Train and predict one fold by ``exec.py`` in that environment."""
    from frameworks.shared.caller import run_in_venv

    data = {
        "train": {"X": dataset.train.X, "y": dataset.train.y},
        "test": {"X": dataset.test.X, "y": dataset.test.y},
        "problem_type": dataset.type.name,
    }
    if config.measure_inference_time:
        data["inference_subsample_files"] = dataset.inference_subsample_files(fmt="parquet")
    options = {"serialization": {"sparse_dataframe_deserialized_format": "dense"}}
    return run_in_venv(
        __file__, "exec.py", input_data=data, dataset=dataset, config=config, options=options
    )
