"""A model's worst rows are shown with what their answers depend on."""

import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from espalier import AutoMLClassifier
from espalier.pipelines.explain.shown.examples import Shown, ShownRow, show_examples
from espalier.pipelines.explain.shown.occlusion import WordWeight, occlusion_map, word_weights
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.tasks.pages.shown.shown_page import shown_page
from tests.picture_maker import as_bytes, class_folders


def test_the_part_that_an_answer_depends_on_is_found():
    row = pd.DataFrame({"photo": ["a.png"], "n": [1]})

    def brightest(rows):  # looks at the upper left corner only
        return np.array([np.asarray(each)[:30, :30].mean() for each in rows["photo"]])

    pixels = np.zeros((100, 100, 3), dtype=np.uint8)
    pixels[:20, :20] = 255

    falls = occlusion_map(brightest, row, "photo", as_bytes(Image.fromarray(pixels)))
    assert falls.shape == (7, 7)
    assert np.unravel_index(falls.argmax(), falls.shape) == (0, 0)
    assert abs(falls[4:, 4:]).max() == 0.0


def test_the_word_that_an_answer_depends_on_is_found():
    row = pd.DataFrame({"said": [""], "n": [1]})

    def likes(rows):
        return rows["said"].map(lambda text: 0.9 if "good" in text.split() else 0.2).to_numpy()

    weights = word_weights(likes, row, "said", "a good film at last")
    assert [each.word for each in weights] == ["a", "good", "film", "at", "last"]
    assert weights[1].fall == pytest.approx(0.7)
    assert all(each.fall == 0.0 for each in weights if each.word != "good")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    root = class_folders(tmp_path_factory.mktemp("data") / "shapes", 12)
    paths = [str(each) for each in sorted(root.rglob("*.png"))]
    table = pd.DataFrame({"path": paths})
    y = np.array(["disc" if "disc" in each else "square" for each in paths])
    y[:2] = "square"  # two that it must get wrong
    fitted = AutoMLClassifier(
        n_trials=1, families=["bayes"], time_budget=None, random_state=0, n_jobs=1
    ).fit(table, y)
    codes = np.searchsorted(fitted.classes_, y)
    return fitted.model_, table, codes


def test_the_worst_rows_and_confusions_are_shown_with_their_pictures(model):
    fitted, table, codes = model
    truth = codes.copy()
    truth[5] = 1 - truth[5]
    shown = show_examples(fitted, table, truth, deadline=NEVER)
    worst = shown.worst[0]
    assert worst.truth != worst.answer
    assert worst.pictures[0][0] == "path"
    assert worst.pictures[0][1].startswith("data:image/jpeg;base64,")
    assert worst.maps[0][1].shape == (7, 7)
    assert shown.confused[0][2] >= 1
    assert shown.confused[0][3]
    page = shown_page(shown, "shapes")
    assert page.count("<img") >= len(shown.worst)
    assert "<rect" in page
    assert "http" not in page.replace("http-equiv", "")


def test_without_time_there_are_rows_without_maps(model):
    fitted, table, codes = model
    shown = show_examples(fitted, table, codes, deadline=Deadline.after(-1.0))
    assert shown.worst
    assert not any(each.maps for each in shown.worst)


def test_a_table_of_numbers_has_no_examples():
    X = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40) % 3})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = AutoMLClassifier(
            n_trials=1, families=["bayes"], time_budget=None, random_state=0, n_jobs=1
        ).fit(X, np.arange(40) % 2)
    assert show_examples(fitted.model_, X, np.zeros(40, dtype=int), deadline=NEVER) is None


def test_what_data_say_is_escaped_on_the_page():
    words = (WordWeight(word="<b>", fall=0.5), WordWeight(word="film", fall=-0.1))
    row = ShownRow(truth="<i>", answer="no", sure=0.8, words=(("said", words),))
    page = shown_page(Shown(worst=(row,)), "a&b")
    assert "&lt;b&gt;" in page
    assert "&lt;i&gt;" in page
    assert "a&amp;b" in page
    assert "<b><" not in page
