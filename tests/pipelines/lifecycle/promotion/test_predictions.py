import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.lifecycle.promotion.predictions import (
    IncomparableError,
    ModelPredictions,
    align_predictions,
    label_texts,
)


def of(scores, classes=None):
    return ModelPredictions(scores=np.asarray(scores), classes=classes, latency_ms=1.0, size_mb=1.0)


def test_classes_are_brought_to_one_order():
    champion = of([[0.9, 0.1], [0.3, 0.7]], ("no", "yes"))
    challenger = of([[0.2, 0.8], [0.6, 0.4]], ("yes", "no"))
    aligned = align_predictions(pd.Series(["yes", "no"]), champion, challenger)
    np.testing.assert_array_equal(aligned.y, [0, 1])
    np.testing.assert_array_equal(aligned.champion, [[0.1, 0.9], [0.7, 0.3]])
    np.testing.assert_array_equal(aligned.challenger, [[0.2, 0.8], [0.6, 0.4]])
    assert (str(aligned.problem), aligned.n_classes) == ("binary", 2)


def test_a_class_that_a_model_does_not_know_has_no_probability():
    champion = of([[0.9, 0.1]] * 3, ("a", "b"))
    challenger = of([[0.5, 0.3, 0.2]] * 3, ("a", "b", "c"))
    aligned = align_predictions(pd.Series(["c", "a", "new"]), champion, challenger)
    np.testing.assert_array_equal(aligned.y, [2, 0, 3])
    np.testing.assert_array_equal(aligned.champion[0], [0.9, 0.1, 0, 0])
    assert (str(aligned.problem), aligned.n_classes) == ("multiclass", 4)


@pytest.mark.parametrize("target", [[1, 0, 1], [1.0, 0.0, 1.0], ["1", "0", "1"]])
def test_labels_are_known_whatever_their_dtype(target):
    model = of([[0.5, 0.5]] * 3, label_texts(np.array([0, 1])))
    np.testing.assert_array_equal(align_predictions(pd.Series(target), model, model).y, [1, 0, 1])


def test_values():
    model = of([1.0, 2.0])
    aligned = align_predictions(pd.Series(["1.5", "2.5"]), model, of([0.0, 0.0]))
    np.testing.assert_array_equal(aligned.y, [1.5, 2.5])
    assert str(aligned.problem) == "regression"


def test_what_cannot_be_compared_is_said():
    classes, values = of([[0.5, 0.5]], ("a", "b")), of([1.0])
    with pytest.raises(IncomparableError, match="champion answers with classes"):
        align_predictions(pd.Series(["a"]), classes, values)
    with pytest.raises(IncomparableError, match=r"'x'.*the champion answers with 'a', 'b'"):
        align_predictions(pd.Series(["x"]), classes, classes)
    with pytest.raises(IncomparableError, match=r"holds 'x'.*numbers"):
        align_predictions(pd.Series(["x"]), values, values)
