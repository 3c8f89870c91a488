import numpy as np
import pytest

from espalier.pipelines.metafeatures.statement import LENGTH, agreement, statement_vector


def test_texts_about_the_same_agree_more_than_others():
    mine = statement_vector("customers leaving a telecom")
    near = statement_vector("will telecom customers leave?")
    far = statement_vector("soil moisture of orchards")
    assert len(mine) == LENGTH
    assert np.linalg.norm(mine) == pytest.approx(1.0)
    assert agreement(mine, mine) == pytest.approx(1.0)
    assert agreement(mine, near) > 0.4 > agreement(mine, far)


@pytest.mark.parametrize("text", ["", "  ?!", "the data of a table"])
def test_a_text_that_says_nothing_is_near_nothing(text):
    assert statement_vector(text) == ()
    assert agreement(statement_vector(text), statement_vector("loans")) == 0.0


def test_the_vector_is_the_same_everywhere():
    vector = statement_vector("Loans")
    assert vector == statement_vector("loans")
    assert [round(each, 4) for each in vector if each][:3] == [
        round(each, 4) for each in statement_vector("LOANS!") if each
    ][:3]
