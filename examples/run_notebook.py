"""Run the code cells of a notebook, one after the other, in this process.

    python examples/run_notebook.py docs/examples/tables.ipynb          # says how long it took
    python examples/run_notebook.py docs/examples/tables.ipynb --write  # keeps the outputs

It is for notebooks without widgets or magic commands, and needs no Jupyter. The last expression of
a cell is its result, as in a notebook. A cell that fails ends the program with its traceback.
"""

import argparse
import ast
import io
import json
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

LONGEST_HTML = 40_000


def run_notebook(path: Path) -> dict[str, Any]:
    """Return the notebook with the outputs of its cells."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        count += 1
        cell["execution_count"] = count
        cell["outputs"] = _run_cell("".join(cell["source"]), f"{path.name}, cell {count}", names)
        for each in cell["outputs"]:
            if each["output_type"] == "execute_result":
                each["execution_count"] = count
    return notebook


def _run_cell(source: str, where: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    tree = ast.parse(source, where)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    said = io.StringIO()
    value = None
    with redirect_stdout(said):
        exec(compile(tree, where, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), where, "eval"), names)
    outputs: list[dict[str, Any]] = []
    if said.getvalue():
        text = said.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if value is not None:
        outputs.append({"output_type": "execute_result", "data": _shown(value), "metadata": {}})
    return outputs


def _shown(value: Any) -> dict[str, list[str]]:
    """Return what a notebook would keep of a value; long HTML, as of a report, is left out."""
    data = {"text/plain": repr(value).splitlines(keepends=True)}
    try:
        html = value._repr_html_()
    except AttributeError:
        return data
    if html is not None and len(html) <= LONGEST_HTML:
        data["text/html"] = html.splitlines(keepends=True)
    return data


def main() -> None:
    """Run the notebooks that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true", help="keep the outputs in the files")
    given = parser.parse_args()
    for path in given.notebooks:
        begun = time.monotonic()
        notebook = run_notebook(path)
        if given.write:
            text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8")
        print(f"{path}: {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
