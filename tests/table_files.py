"""Write a table to a file of any of the formats that are read."""

from pathlib import Path

import pandas as pd


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write ``frame`` without its index, in the format that the ending of ``path`` names."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    endings = {each.lower() for each in target.suffixes}
    if endings & {".parquet", ".pq"}:
        frame.to_parquet(target, index=False)
    elif endings & {".feather", ".arrow"}:
        frame.reset_index(drop=True).to_feather(target)
    elif endings & {".jsonl", ".ndjson", ".json"}:
        frame.to_json(target, orient="records", lines=True, date_format="iso")
    else:
        frame.to_csv(target, index=False, sep="\t" if ".tsv" in endings else ",")
