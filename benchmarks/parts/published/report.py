"""Our errors beside the published ones: a table, win shares, gaps and mean ranks."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.published.tasks import Task

RANKED = {
    "amlb": (
        "AutoGluon 1.0 best 5m",
        "AutoGluon 1.0 best 1h",
        "AutoGluon 1.0 best 4h",
        "H2O 3.34 1h",
        "FLAML 0.6.2 1h",
        "LightAutoML 0.2.16 1h",
        "mljar 0.11.0 compete 1h",
        "auto-sklearn 0.14 1h",
        "TPOT 0.11.7 1h",
    ),
    "tabarena": (
        "AutoGluon 1.5 extreme 4h",
        "AutoGluon 1.4 best 4h",
        "TabPrep-LightGBM tuned + ensemble",
        "LightGBM tuned + ensemble",
        "CatBoost tuned + ensemble",
        "XGBoost tuned + ensemble",
        "extra trees tuned + ensemble",
        "EBM tuned + ensemble",
        "Torch MLP tuned + ensemble",
        "linear tuned + ensemble",
        "RealMLP tuned + ensemble",
        "TabM tuned + ensemble",
        "TabICLv2 default",
    ),
}
"""Systems of each benchmark that are shown, by the beginning of their names."""
OURS = "Espalier"


def report(
    folder: Path, tasks: dict[str, Task], runs: list[dict[str, Any]], budget: float
) -> dict[str, Any]:
    """Print ours beside theirs, and return the figures.

    Parameters
    ----------
    folder : Path
        The published tables and errors.
    tasks : dict of str to Task
        The tasks asked for, by name.
    runs : list of dict
        Our runs, as they were kept.
    budget : float
        Their seconds.
    """
    ours = pd.DataFrame([run for run in runs if run["task"] in tasks])
    if ours.empty or "error" not in ours:
        print("no run yet")
        return {"tasks": 0}
    failed = sorted(ours.loc[ours["error"].isna(), "task"]) if "failed" in ours else []
    ours = ours.dropna(subset="error")
    figures: dict[str, Any] = {"budget": budget, "failed": failed}
    for benchmark in RANKED:
        own = ours[[tasks[name].benchmark == benchmark for name in ours["task"]]]
        if len(own):
            figures[benchmark] = compare(folder, benchmark, own)
    figures["fit_seconds"] = round(float(ours["fit_seconds"].median()), 1)
    return figures


def compare(folder: Path, benchmark: str, own: pd.DataFrame) -> dict[str, Any]:
    """Print a table of one benchmark, and return win shares, gaps and mean ranks."""
    rows: dict[str, dict[str, float]] = {}
    wins: dict[str, list[float]] = {}
    gaps: dict[str, list[float]] = {}
    for name, runs in own.groupby("task"):
        published = read_published(folder / str(name))
        mine = runs.set_index(["repeat", "fold"])["error"]
        row = {OURS: float(mine.mean())}
        for system, theirs in published.groupby("full_name"):
            error = theirs.set_index(["repeat", "fold"])["error"].reindex(mine.index)
            if error.isna().any():
                continue
            row[str(system)] = float(error.mean())
            wins.setdefault(str(system), []).append(won(mine.to_numpy(), error.to_numpy()))
            gaps.setdefault(str(system), []).append(float(mine.mean() / error.mean() - 1))
        rows[str(name)] = row
    table = pd.DataFrame(rows).T
    shown = [each for each in (OURS, *RANKED[benchmark]) if each in table]
    with pd.option_context("display.width", 250, "display.max_columns", 30):
        print(f"\n{benchmark}, {len(table)} tasks, errors:\n{table[shown].T.to_string()}")
    complete = table[shown].dropna(axis=1)
    ranks = complete.rank(axis=1).mean().round(2).sort_values()
    against = {
        each: {
            "tasks": len(wins[each]),
            "won": round(float(np.mean(wins[each])), 3),
            "interval": interval(wins[each]),
            "median_gap_percent": round(100 * float(np.median(gaps[each])), 2),
        }
        for each in shown[1:]
    }
    print(f"mean rank: {', '.join(f'{name} {rank}' for name, rank in ranks.items())}")
    for name, figure in against.items():
        low, high = figure["interval"]
        print(
            f"  against {name:36} won {figure['won']:.0%} [{low:.0%}, {high:.0%}] of "
            f"{figure['tasks']}, median {figure['median_gap_percent']:+.1f} %"
        )
    return {"tasks": len(table), "mean_rank": ranks.to_dict(), "against": against}


def read_published(folder: Path) -> pd.DataFrame:
    """Return the errors that others published; runs that failed or were imputed are left out."""
    found = pd.read_csv(folder / "published.csv")
    note = found["note"].astype("object").fillna("").astype(str)
    found = found[~note.str.contains(re.compile("imputed|failed")) & found["error"].notna()].copy()
    found["full_name"] = (found["system"] + " " + found["budget"].fillna("")).str.strip()
    return found


def won(mine: "np.ndarray[Any, Any]", theirs: "np.ndarray[Any, Any]") -> float:
    """Return 1 for a task won, 0 for one lost, 0.5 for a tie."""
    gap = mine - theirs
    if len(gap) > 1:
        error = float(gap.std(ddof=1) / np.sqrt(len(gap)))
        if abs(float(gap.mean())) <= 2 * error:
            return 0.5
    mean = float(gap.mean())
    return 0.5 if mean == 0 else float(mean < 0)


def interval(wins: list[float]) -> tuple[float, float]:
    """Return a 95 % interval of a share (Wilson 1927); a tie is half a win."""
    n, share, z = len(wins), float(np.mean(wins)), 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return round(middle - half, 3), round(middle + half, 3)
