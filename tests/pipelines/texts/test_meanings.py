"""Sentences get vectors of their meaning: near for texts that say alike."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.resources.budget import NEVER
from espalier.pipelines.texts import columns as module
from espalier.pipelines.texts.columns import with_meanings
from espalier.pipelines.texts.minilm import has_minilm
from espalier.pipelines.texts.reading import MeaningReading

ALIKE = ["a dog runs through the park", "puppies are playing outside"]
APART = "the bank raised its interest rates"


def _cosines(network):
    a, b, c = MeaningReading(network).read(pd.Series([*ALIKE, APART]))
    return float(a @ b), float(a @ c)


def test_words_of_one_subject_are_near():
    near, far = _cosines("words")
    assert near > far + 0.1


@pytest.mark.skipif(not has_minilm(), reason="needs the weights of the extra `text`")
def test_sentences_of_one_subject_are_near():
    near, far = _cosines("minilm")
    assert near > far + 0.2
    texts = pd.Series(["short", "a much longer text " * 60, *ALIKE])
    together = MeaningReading("minilm").read(texts)
    for at, text in enumerate(texts):  # filled up to the longest, and quantised: nearly the same
        alone = MeaningReading("minilm").read(pd.Series([text]))[0]
        assert float(together[at] @ alone) > 0.99


def test_missing_and_wordless_texts():
    cells = MeaningReading().read(pd.Series(["🙂🙂", None, "  ", "word"]))
    assert isinstance(cells[1], float)
    assert isinstance(cells[2], float)
    assert np.isfinite(cells[0]).all()
    np.testing.assert_allclose(np.linalg.norm(cells[3]), 1.0, atol=1e-3)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    subjects = ["the dog", "a bank", "my garden", "her car", "this film"]
    return pd.DataFrame(
        {
            "review": [
                f"{subjects[at % 5]} was something number {at} that people liked"
                for at in range(60)
            ],
            "code": [f"A-{at:05d}" for at in rng.integers(0, 40, 60)],
            "size": rng.normal(size=60),
        }
    )


def test_only_columns_of_sentences_get_a_meaning(table, monkeypatch):
    monkeypatch.setattr(module, "has_minilm", lambda: False)
    preparation, features = prepare(table, target=None)
    made, wider = with_meanings(table, preparation, features, seconds=None, deadline=NEVER)
    assert made.roles["meaning of review"] is ColumnRole.MEANING
    assert [*wider.columns] == [*features.columns, "meaning of review"]
    assert made.columns == preparation.columns  # the same raw columns are needed
    assert "espalier[text]" in made.notes[-1]
    again = made.apply(table.iloc[::-1])
    np.testing.assert_array_equal(again["meaning of review"].iloc[-1], wider.iloc[0, -1])
    assert "meaning of review" not in made.without(["review"], "told").roles


def test_a_table_without_sentences_stays_as_it_is(table):
    preparation, features = prepare(table[["size", "code"]], target=None)
    made, same = with_meanings(table, preparation, features, seconds=60.0, deadline=NEVER)
    assert made is preparation
    assert same is features


def test_the_encoder_is_taken_where_the_time_allows_it(table, monkeypatch):
    monkeypatch.setattr(module, "has_minilm", lambda: True)
    cells = {"review": module.read_text_cells(table["review"])}
    assert module._network(cells, None)[0] == "minilm"
    assert module._network(cells, 600.0)[0] == "minilm"
    assert module._network(cells, 0.01)[0] == "words"
