"""A table made by somebody who means harm."""

import numpy as np
import pandas as pd
import pytest

from tests.flows.conftest import Espalier

MARK = "pwned.txt"
SCRIPT = "<script>alert(1)</script>"
TARGET = "<img src=x onerror=alert(2)>"
ESCAPE = "\x1b]0;title\x07\x1b[2Jgone"
CALL = f"__import__('pathlib').Path('{MARK}').touch()"

CELLS = [
    SCRIPT,
    "'; drop table runs; --",
    "../../../x",
    "[red]loud[/red]",
    ESCAPE,
    "=1+1|'cmd'!A0",
    "${HOME}",
    "{{7*7}}",
    CALL,
    "[a](javascript:alert(1))",
    "\u202eexe.csv",
]


@pytest.fixture(scope="session")
def hostile_table():
    """160 rows that can be learned, every name and cell an attack on something."""
    rng = np.random.default_rng(0)
    n = 160
    signal = rng.normal(size=n)
    table = pd.DataFrame(
        {
            SCRIPT: signal,
            "'; drop table x; --": rng.normal(size=n),
            '" or 1=1; --': rng.normal(size=n),
            "../../x": rng.choice(CELLS, size=n),
            "[red]col[/red]": rng.choice(CELLS, size=n),
            ESCAPE: rng.normal(size=n),
            CALL: rng.normal(size=n),
            "$HOME": rng.choice(["$PATH", "${USER}"], size=n),
            "a|b\nc": np.where(rng.random(n) < 0.3, None, rng.choice(CELLS, size=n)),
            "constant\x1b[2J": [TARGET] * n,
            "\u202eid": [f"<b>{number}</b>" for number in range(n)],
            "{{7*7}}": rng.normal(size=n),
            '{"json": [1,': rng.normal(size=n),
        }
    )
    noisy = signal + 0.3 * rng.normal(size=n)
    table[TARGET] = np.where(noisy > 0, f"=HYPERLINK(1){SCRIPT}", f"'; drop table y; --{ESCAPE}")
    return table


@pytest.fixture(scope="session")
def espalier_in():
    """Make an `Espalier` (the command line in a folder) of a folder."""
    return Espalier
