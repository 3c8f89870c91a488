"""What is refused as soon as the table is read: a metric that the target does not fit."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.request_checks import check_request


@pytest.mark.parametrize(
    ("lowest", "metric", "said"),
    [
        (-1.0, "rmsle", "'rmsle' needs targets of at least 0"),
        (-1.0, "neg_mean_squared_log_error", "'msle' needs targets of at least 0"),
        (-1.0, "poisson_deviance", "needs targets of at least 0"),
        (0.0, "gamma_deviance", "needs targets above 0"),
        (0.0, "mape", "'mape' divides by the target"),
    ],
)
def test_a_metric_that_the_target_does_not_fit_is_refused_before_anything_starts(
    lowest, metric, said
):
    table = pd.DataFrame({"x": np.arange(60.0), "y": np.r_[lowest, np.linspace(1.5, 9, 59)]})
    with pytest.raises(UserError, match=said) as caught:
        check_request(TrainRequest(data="t.csv", target="y", metric=metric, trials=1), table)
    assert "\n" not in str(caught.value)
    check_request(TrainRequest(data="t.csv", target="y", metric="smape", trials=1), table)


def test_log_loss_of_one_class_is_refused_before_anything_starts():
    table = pd.DataFrame({"x": np.arange(60.0), "y": "yes"})
    with pytest.raises(UserError, match="one value only"):
        check_request(TrainRequest(data="t.csv", target="y", metric="log_loss", trials=1), table)
