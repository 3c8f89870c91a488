import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.members.preference import THE_SCORE, Preference


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"objectives": ("score", "speed")}, "unknown objective 'speed'; choose from: score, la"),
        ({"prefer": "tiny"}, "unknown preference 'tiny'; choose from: balanced, score, small"),
        ({"objectives": ("score", "size", "size")}, "given twice"),
        ({"objectives": ("size",)}, "score must be among the objectives"),
    ],
)
def test_what_is_not_understood_is_refused(given, message):
    with pytest.raises(UserError, match=message):
        Preference(**given)


def test_smaller_models_are_made_only_where_costs_count():
    assert not THE_SCORE.wants_light
    assert not Preference(prefer="score").wants_light
    assert Preference(prefer="small").wants_light
    assert Preference(objectives=("score", "operations")).costs == ("operations",)
    assert Preference(prefer="balanced").costs == ("latency", "size")
