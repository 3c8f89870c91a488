import json

import pytest

from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial
from espalier.pipelines.trials.variant import Compression, Variant


def test_a_trial_of_a_smaller_model_survives_json():
    variant = Variant(of=3, method=Compression.ROUNDS, share=0.25, iterations=12)
    trial = Trial(
        number=9, configuration=Configuration.of("lightgbm", {"a": 1}), seed=2, variant=variant
    )
    assert Trial.from_dict(json.loads(json.dumps(trial.to_dict()))) == trial
    assert variant.label == "0.25 of the rounds of trial 3"


def test_other_trials_are_recorded_as_before():
    trial = Trial(number=0, configuration=Configuration.of("linear", {}), seed=0)
    assert "variant" not in trial.to_dict()
    assert Trial.from_dict(trial.to_dict()).variant is None


def test_only_networks_have_a_rank_and_some_share_is_left():
    assert Variant(of=1, method=Compression.LOW_RANK, share=0.5).rank_share == 0.5
    assert Variant(of=1, method=Compression.TREES, share=0.5).rank_share is None
    in_bytes = Variant(of=4, method=Compression.EIGHT_BITS)
    assert in_bytes.in_eight_bits
    assert in_bytes.rank_share is None
    assert in_bytes.label == "trial 4 in eight bits"
    both = Variant(of=4, method=Compression.PRUNED_EIGHT_BITS, share=0.5)
    assert both.in_eight_bits
    assert both.channel_share == 0.5
    assert both.label == "0.5 of the channels of trial 4 in eight bits"
    with pytest.raises(ValueError, match=r"in \(0, 1\], not 0"):
        Variant(of=1, method=Compression.TREES, share=0.0)
