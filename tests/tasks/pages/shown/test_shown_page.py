"""The page of a model's worst rows."""

from espalier.pipelines.explain.shown.examples import Shown, ShownRow
from espalier.pipelines.explain.shown.occlusion import WordWeight
from espalier.tasks.pages.shown.shown_page import shown_page


def test_words_are_marked_by_their_share_of_the_heaviest():
    words = (
        WordWeight(word="late", fall=0.4),
        WordWeight(word="<b>kind</b>", fall=-0.2),
        WordWeight(word="the", fall=0.0),
    )
    row = ShownRow(truth="bad", answer="good", words=(("review", words),))
    page = shown_page(Shown(worst=(row,)), "reviews")
    assert "var(--mark) 60%" in page
    assert "var(--against) 30%" in page
    assert "<b>kind</b>" not in page
