"""Record what trials of forecasts missed once, and compare ways to combine and to widen in seconds.

    python benchmarks/parts/forecasts/intervals.py record SERIES_FOLDER KEPT_FOLDER [--sets a,b]
        [--trials 12] [--origins 12] [--series 1000] [--seed 0]
    python benchmarks/parts/forecasts/intervals.py replay KEPT_FOLDER [--sets a,b] [--rolled]

``record`` runs a search on what lies before the test windows of each set, as
`benchmarks/forecast.py` does, and keeps the forecasts of every trial at each origin and of every
window, with what came. ``replay`` combines them and learns quantiles from them as the product does,
and prints MASE, the weighted quantile loss (both as a share of seasonal naive's) and the share of
values within the 80 % intervals. With ``--rolled`` the newest of the recorded origins are forecast
as well, each by what the origins before it say: more windows than the official ones, but of the
years in which the trials were chosen.
"""

import argparse
import pickle
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from espalier.pipelines.ensemble.horizon.choose import choose_forecast_rule
from espalier.pipelines.ensemble.horizon.quantiles import fit_quantiles
from espalier.pipelines.ensemble.horizon.records import forecast_records
from espalier.pipelines.forecasting.metrics import Scales, coverage, mase, wql
from espalier.pipelines.forecasting.origins import MOST_ORIGINS
from espalier.pipelines.forecasting.panel import Floats

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from parts.forecasts.figures import LEVELS
from parts.forecasts.kept import Kept, record

CANDIDATES = 20


def record_all(options: argparse.Namespace) -> None:
    """Record the sets that are not there yet."""
    index = pd.read_csv(options.folder / "index.csv").set_index("name", drop=False)
    wanted = [each for each in options.sets.split(",") if each] or list(index.index)
    options.kept.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        place = options.kept / f"{name}.pickle"
        if place.exists():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = record(
                index.loc[name],
                options.folder,
                options.trials,
                options.origins,
                options.seed,
                options.series,
            )
        place.write_bytes(pickle.dumps(found))
        print(f"{name:18s} {len(found.made):3d} trials {found.seconds:6.1f} s", flush=True)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a combination says of some windows, and what it missed at the origins it learned from.

    Attributes
    ----------
    missed : array, shape (W, S, H)
        Residuals at the origins by the spread scale, the newest first.
    made, actual, naive : arrays, shape (V, S, H)
        Forecasts of the windows, what came, and seasonal naive.
    spread : array, shape (V, S)
        Spread scales at the windows.
    scales : list of Scales
        What their errors are divided by.
    floor : float or None
        No quantile is below it.
    share : float
        The combination's share.
    method : str
        How the trials were combined.
    """

    name: str
    missed: Floats
    made: Floats
    actual: Floats
    naive: Floats
    spread: Floats
    scales: list[Scales]
    season: int
    floor: float | None
    share: float
    method: str

    def figures(self, quantiles: Floats) -> list[dict[str, float]]:
        """Return the figures of each window, by quantiles of shape (V, S, H, Q)."""
        found = []
        for v, scales in enumerate(self.scales):
            y = self.actual[v]
            if not np.isfinite(y).any():
                continue
            steps = np.sqrt(1 + np.arange(y.shape[1]) // self.season)
            width = np.nan_to_num(scales.squared)[:, None] * steps
            plain = self.naive[v][:, :, None] + width[:, :, None] * ndtri(LEVELS)
            low, high = quantiles[v][:, :, 0], quantiles[v][:, :, -1]
            found.append(
                {
                    "mase": mase(y, self.made[v], scales),
                    "naive_mase": mase(y, self.naive[v], scales),
                    "wql": wql(y, quantiles[v], LEVELS),
                    "naive_wql": wql(y, plain, LEVELS),
                    "covered": coverage(y, low, high),
                }
            )
        return found


def forecast(kept: Kept, first: int, count: int) -> Forecast:
    """Combine the trials by ``count`` origins, the newest of them ``first``.

    The windows are the official ones where ``first`` is 0, and the origin before it otherwise.
    """
    used = slice(first, first + count)
    actual, base = kept.actual[used], kept.base[used]
    results = []
    for each in kept.history.results:
        made = kept.made.get(each.trial.number)
        if made is not None and each.succeeded:
            away = np.abs(made[used] - actual) / kept.weights[None, :, None]
            results.append(replace(each, score=float(np.nanmean(away))))
    records = forecast_records(
        results,
        {number: made[used].ravel() for number, made in kept.made.items()},
        actual=actual,
        base=base,
        scales=kept.weights,
        loss="mae",
        cap=CANDIDATES,
    )
    choice = choose_forecast_rule(records, seed=0)
    back = base + kept.weights[None, :, None] * choice.nested
    if first:
        last = slice(first - 1, first)
        trials = np.stack([kept.made[number][last] for number in choice.rule.numbers])
        own, unit, spread = kept.base[last], kept.unit[last], kept.spread[last]
        came, naive, scales = kept.actual[last], kept.naive[last], kept.scales[last]
    else:
        trials = np.stack([kept.later[number] for number in choice.rule.numbers])
        own, unit, spread = kept.later_base, kept.later_unit, kept.later_spread
        came, naive, scales = kept.later_actual, kept.later_naive, kept.later_scales
    made = own + unit[:, :, None] * choice.rule.apply((trials - own) / unit[:, :, None])
    if kept.floor is not None:
        back, made = np.maximum(back, kept.floor), np.maximum(made, kept.floor)
    return Forecast(
        name=kept.name,
        missed=(actual - back) / kept.spread[used][:, :, None],
        made=made,
        actual=came,
        naive=naive,
        spread=spread,
        scales=scales,
        season=kept.season,
        floor=kept.floor,
        share=choice.share,
        method=choice.method,
    )


def quantiles_of(one: Forecast) -> Floats:
    """Return the quantiles of the windows as the product learns them, (V, S, H, Q)."""
    model = fit_quantiles(one.missed, LEVELS)
    made = np.stack(
        [model.quantiles(f, s, model.factors) for f, s in zip(one.made, one.spread, strict=True)]
    )
    return made if one.floor is None else np.maximum(made, one.floor)


def means(figures: list[dict[str, float]]) -> tuple[float, float, float]:
    """Return MASE and WQL as shares of seasonal naive's, and coverage, as the benchmark does."""
    mean = {key: float(np.nanmean([each[key] for each in figures])) for key in figures[0]}
    return mean["mase"] / mean["naive_mase"], mean["wql"] / mean["naive_wql"], mean["covered"]


def replay_all(options: argparse.Namespace) -> None:
    """Print the figures of the recorded sets."""
    rows = []
    for place in sorted(options.kept.glob("*.pickle")):
        if options.sets and place.stem not in options.sets.split(","):
            continue
        kept: Kept = pickle.loads(place.read_bytes())
        count = min(options.origins or MOST_ORIGINS, len(kept.origins))
        firsts = range(1, len(kept.origins) - count + 1) if options.rolled else (0,)
        figures = []
        for first in firsts:
            one = forecast(kept, first, count)
            figures += one.figures(quantiles_of(one))
        if figures:
            rows.append(means(figures))
            print(f"{place.stem:18s} {' '.join(f'{each:7.3f}' for each in rows[-1])}", flush=True)
    print(f"{'mean':18s} {' '.join(f'{each:7.3f}' for each in np.mean(rows, axis=0))}")


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    recording = commands.add_parser("record")
    recording.add_argument("folder", type=Path)
    recording.add_argument("kept", type=Path)
    recording.add_argument("--trials", type=int, default=12)
    recording.add_argument("--origins", type=int, default=12, help="most origins to record")
    recording.add_argument("--series", type=int, default=1000, help="most series of a set")
    recording.add_argument("--seed", type=int, default=0)
    recording.set_defaults(run=record_all)
    replaying = commands.add_parser("replay")
    replaying.add_argument("kept", type=Path)
    replaying.add_argument("--rolled", action="store_true", help="forecast the origins too")
    replaying.add_argument("--origins", type=int, help="origins to learn from")
    replaying.set_defaults(run=replay_all)
    for each in (recording, replaying):
        each.add_argument("--sets", default="")
    return parser.parse_args()


def main() -> None:
    """Record or replay."""
    options = arguments()
    options.run(options)


if __name__ == "__main__":
    main()
