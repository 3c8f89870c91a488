"""Compare search strategies on the same tables, seeds and trial counts.

    python benchmarks/search.py DATA_FOLDER --records FOLDER [record|replay|ascent|live|all]

``record`` evaluates a fixed list of configurations on every dataset once (it resumes), ``replay``
lets the strategies choose among the recorded ones (see searches/replay.py for what that means),
``ascent`` measures ascent against 2,000 random candidates on the recorded trials, ``live`` really
evaluates what the strategies propose (it resumes), and ``emulate`` asks an emulator of each table
of a ``--store`` (searches/emulator.py says what that hides). ``all`` is replay and ascent. With
``--store FILE`` they read what ``espalier experience build`` recorded, and what the other tables
say is lent to each table. A readable table is printed and the last line is one JSON object.
"""

import argparse
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from searches.emulator import ABLATIONS as EMULATED_ABLATIONS
from searches.emulator import VARIANTS as EMULATED
from searches.emulator import emulate
from searches.live import ABLATIONS, VARIANTS, LiveOptions, live
from searches.pool import open_pool, open_store
from searches.record import RecordOptions, read_index, record
from searches.replay import ablations, compare, strategies
from searches.variants import COUNTS, Variant
from studies.search_ascent import ascents
from studies.search_racing import fold_fits


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "mode",
        choices=("record", "replay", "ascent", "live", "emulate", "all"),
        nargs="?",
        default="all",
    )
    parser.add_argument("--records", type=Path)
    parser.add_argument("--store", type=Path, help="experience to replay in place of --records")
    parser.add_argument("--tables", default="")
    parser.add_argument("--configurations", type=int, default=200)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--trial-seconds", type=float, default=15.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--folds", type=int, default=5, help="of a live trial")
    parser.add_argument("--processes", type=int, default=2, help="tables searched live at a time")
    parser.add_argument("--variants", default="", help="of a live or emulated run; default: all")
    parser.add_argument("--no-ablations", action="store_true")
    return parser.parse_args()


def record_all(options: argparse.Namespace, amount: RecordOptions) -> None:
    """Record every table, the cheapest first."""
    for name in read_index(options.folder, options.tables)["name"]:
        started = time.monotonic()
        try:
            added = record(options.folder, options.records, name, amount)
        except Exception:  # one bad table must not end the recording
            traceback.print_exc(file=sys.stdout)
            continue
        print(f"{name}: {added} added in {time.monotonic() - started:.0f} s", flush=True)


def win_rate(
    frame: pd.DataFrame, ours: str, theirs: str, column: str
) -> tuple[float, float, float]:
    """Return the share of datasets on which ``ours`` has the smaller mean regret, and 95 %.

    A tie is half a win; the interval is a bootstrap over datasets.
    """
    means = frame.pivot_table(index="table", columns="strategy", values=column, aggfunc="mean")
    gap = (means[theirs] - means[ours]).to_numpy()
    wins = np.where(np.abs(gap) < 1e-12, 0.5, gap > 0)
    draws = np.random.default_rng(0).choice(wins, (2_000, len(wins))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(wins.mean()), float(low), float(high)


def report(frame: pd.DataFrame) -> dict[str, Any]:
    """Print the comparison and return its figures."""
    kinds = [kind for kind in ("regret", "unseen") if f"{kind}_10" in frame]
    counts = [count for count in COUNTS if f"regret_{count}" in frame]
    columns = [f"{kind}_{count}" for kind in kinds for count in counts]
    shown = [*columns, *(name for name in ("choosing", "fold_fits", "ascent") if name in frame)]
    means = frame.groupby("strategy")[shown].mean()
    print(means.sort_values("regret_10").round(3).to_string())
    figures: dict[str, Any] = {
        "tables": int(frame["table"].nunique()),
        "seeds": int(frame["seed"].nunique()),
    }
    for kind in kinds:
        figures[kind] = {
            name: {str(count): round(float(row[f"{kind}_{count}"]), 4) for count in counts}
            for name, row in means.iterrows()
        }
        if "guided" in means.index:
            figures |= wins(frame, kind, counts)
    if "guided" not in means.index:  # a chosen few, without what they are measured against
        return figures
    if "fold_fits" in frame:
        raced = means.loc["racing" if "racing" in means.index else "guided"]
        figures["fold_fits_share"] = round(float(raced["fold_fits"]), 3)
        ascent = means.loc["guided", "ascent"]
        figures["ascent_win_rate"] = None if pd.isna(ascent) else round(float(ascent), 3)
    if "choosing" in frame:
        # Seconds of processor time a trial: the share of a run of one-second trials.
        figures["choosing_share"] = round(float(means.loc["guided", "choosing"]), 4)
    return figures


def wins(frame: pd.DataFrame, kind: str, counts: list[int]) -> dict[str, Any]:
    """Print and return how often guided search has the smaller regret of a kind."""
    figures: dict[str, Any] = {}
    prefix = "" if kind == "regret" else f"{kind}_"
    for rival in ("random", "random_cold", "tpe", "tpe_cold", *ABLATIONS):
        if rival not in set(frame["strategy"]):
            continue
        for count in counts:
            rate, low, high = win_rate(frame, "guided", rival, f"{kind}_{count}")
            key = f"{prefix}win_vs_{rival}_{count}"
            figures[key] = round(rate, 3)
            figures[f"{key}_interval"] = [round(low, 3), round(high, 3)]
            print(f"{kind}: guided vs {rival:13} at {count:3}: {rate:.2f} [{low:.2f}, {high:.2f}]")
    return figures


def emulated_variants(options: argparse.Namespace) -> dict[str, Variant]:
    """Return the strategies to emulate, by name."""
    if options.variants:
        known = EMULATED | EMULATED_ABLATIONS
        return {name: known[name] for name in options.variants.split(",")}
    return EMULATED if options.no_ablations else EMULATED | EMULATED_ABLATIONS


def main() -> None:
    """Run the mode asked for."""
    options = arguments()
    needs_records = options.store is None or options.mode in ("record", "live")
    if options.records is None and needs_records:
        sys.exit("give --records FOLDER, or --store FILE to replay an experience")
    amount = RecordOptions(
        rows=options.rows, configurations=options.configurations, seconds=options.trial_seconds
    )
    if options.mode == "record":
        record_all(options, amount)
        return
    wanted = set(read_index(options.folder, options.tables)["name"])
    if options.mode == "live":
        variants = VARIANTS if options.no_ablations else VARIANTS | ABLATIONS
        if options.variants:
            variants = {name: variants[name] for name in options.variants.split(",")}
        how = LiveOptions(
            folder=options.folder,
            out=options.records,
            store=options.store,
            rows=options.rows,
            folds=options.folds,
            trials=options.trials,
            seeds=options.seeds,
            seconds=options.trial_seconds,
            variants=tuple(variants),
        )
        names = [name for name in read_index(options.folder)["name"] if name in wanted]
        print(json.dumps(report(pd.DataFrame(live(names, how, options.processes)))))
        return
    if options.mode == "emulate":
        if options.store is None:
            sys.exit("emulate needs --store FILE")
        emulated = emulate(
            options.store,
            wanted,
            seeds=options.seeds,
            trials=options.trials,
            variants=emulated_variants(options),
        )
        print(json.dumps(report(pd.DataFrame(emulated))))
        return
    if options.store is not None:
        pools = [pool for pool in open_store(options.store) if pool.name in wanted]
    else:
        paths = [path for path in sorted(options.records.glob("*.jsonl")) if path.stem in wanted]
        pools = [open_pool(options.folder, path, amount) for path in paths]
    # A pool hardly larger than the number of trials is no choice.
    pools = [pool for pool in pools if len(pool.configurations) >= 1.5 * options.trials]
    if not pools:
        sys.exit("no recorded table has enough configurations; run the mode record first")
    figures: dict[str, Any] = {}
    if options.mode in ("replay", "all"):
        chosen = strategies() if options.no_ablations else strategies() | ablations()
        records = compare(pools, chosen, seeds=options.seeds, trials=options.trials)
        figures |= report(pd.DataFrame(records))
        figures |= fold_fits(pools, seeds=options.seeds, trials=options.trials)
    if options.mode in ("ascent", "all"):
        figures |= ascents(pools, seeds=min(options.seeds, 3), trials=options.trials)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
