"""The parts of the script that are the same for every model."""

READ = '''
def read(path):
    """Return a table with numbers as numbers, dates as dates and the rest as text."""
    table = pd.read_csv(path)
    truths = {"true": 1, "false": 0}
    for name in NUMBERS:
        cells = table[name].map(lambda cell: truths.get(str(cell).lower(), cell))
        table[name] = pd.to_numeric(cells, errors="coerce").astype(float)
    for name in DATES:
        table[name] = pd.to_datetime(table[name], format=DATE_FORMATS.get(name), errors="coerce")
    for name in CATEGORIES:
        table[name] = table[name].map(lambda cell: None if pd.isna(cell) else str(cell).strip())
        table[name] = table[name].astype(object).where(table[name].notna(), np.nan)
    for name in TEXTS:
        table[name] = table[name].fillna("").astype(str).str.strip()
    return table

'''

DATE_PARTS = '''
def date_parts(dates):
    """Return days since 1970, year, month, day, weekday and hour of each column."""
    parts = []
    for name in dates:
        column = dates[name]
        days = (column - pd.Timestamp(0)).dt.total_seconds() / 86400
        parts += [days, column.dt.year, column.dt.month, column.dt.day]
        parts += [column.dt.day_of_week, column.dt.hour]
    return np.column_stack([part.to_numpy(dtype=float) for part in parts])

'''

MAIN = """
def main():
    train = read(sys.argv[1])
    train = train[train[TARGET].notna()]
    y = train[TARGET]{classify}
    if len(sys.argv) < 3:
        print(cross_val_score(pipeline, train, y, scoring=SCORING).mean())
        return
    pipeline.fit({fit})
    new = read(sys.argv[2])
{answer}
    answers.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    main()
"""

CLASSIFY = """
    labels, y = np.unique(y.astype(str), return_inverse=True)"""

CLASSES = """    answers = pd.DataFrame({"prediction": labels[np.ravel(pipeline.predict(new))]})
    if hasattr(pipeline, "predict_proba"):
        for label, shares in zip(labels, pipeline.predict_proba(new).T):
            answers[f"proba_{label}"] = shares"""

VALUES = """    answers = pd.DataFrame({"prediction": np.ravel(pipeline.predict(new))})"""
