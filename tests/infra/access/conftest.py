import pytest

from espalier.infra.access.origin import FORM, asked_by


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder beside a folder whose files forms may read."""
    for folder in ("home", "data", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rows.csv").write_text("a,b\n1,2\n")
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ESPALIER_DATA_ROOTS", str(tmp_path / "data"))
    monkeypatch.delenv("ESPALIER_FORM_HOSTS", raising=False)
    monkeypatch.delenv("ESPALIER_OUT_ROOTS", raising=False)
    return tmp_path / "home"


@pytest.fixture
def for_a_form():
    with asked_by(FORM):
        yield
