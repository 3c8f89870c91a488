import json
import subprocess
import sys

import pytest

from espalier import flows


def _run(code, folder):
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder
    )
    return json.loads(ended.stdout)


@pytest.mark.parametrize("statement", ["import espalier", "import espalier.flows"])
def test_importing_sets_no_variable_and_loads_no_platform(statement, tmp_path):
    code = (
        f"import json, os, sys; before = dict(os.environ); {statement}; "
        "print(json.dumps([before == dict(os.environ), "
        "sorted({'prefect', 'mlflow', 'dask', 'sklearn'} & set(sys.modules))]))"
    )
    assert _run(code, tmp_path) == [True, []]


def test_quiet_turns_off_what_the_libraries_report_of_their_users(tmp_path):
    code = (
        "import json, os, espalier; os.environ['DO_NOT_TRACK'] = 'mine'; "
        "os.environ.pop('MLFLOW_DISABLE_TELEMETRY', None); espalier.quiet(); "
        "print(json.dumps([os.environ['DO_NOT_TRACK'], os.environ['MLFLOW_DISABLE_TELEMETRY']]))"
    )
    assert _run(code, tmp_path) == ["mine", "true"]


def test_every_flow_is_there_also_after_its_module_was_imported():
    from prefect import Flow

    import espalier.flows.train_flow

    for name in flows.__all__:
        assert isinstance(getattr(flows, name), Flow), name
        assert getattr(flows, name).fn.__name__ == name
    assert espalier.flows.train is espalier.flows.train_flow.train


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such"):
        _ = flows.no_such
