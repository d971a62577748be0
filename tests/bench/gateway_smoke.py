#!/usr/bin/python3
"""Runs the comparing benchmark as small as it goes, with Defender alone, and checks that its table is made and that
its figures are of the right kind. How fast anything was is not looked at.

    gateway_smoke.py --milter FILE --ctl FILE --tools FOLDER --folder FOLDER --cache FOLDER
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]

from bench_rows import ROWS, SMOKE  # noqa: E402

# Of the rows for bursts the smoke run has the smallest alone.
EXPECTED = {row for row in ROWS if not row.startswith("burst_") or row in ("burst_late", f"burst_{SMOKE.bursts[0]}")}
# What may not show at all, and differences of figures that few messages make: either may come out the larger.
MAY_BE_NOTHING = {"idle_cpu", "idle_memory", "domains_growth", "million_growth", "burst_late", "body_60k", "body_1m"}


def problems(rows):
    """What is wrong with Defender's part of the table."""
    found = [f"no figure for {row}" for row in EXPECTED - rows.keys()]
    for row, figures in rows.items():
        if not figures["least"] <= figures["median"] <= figures["most"] or figures["runs"] != 1:
            found.append(f"{row}: {figures}")
        if row not in MAY_BE_NOTHING and figures["median"] <= 0:
            found.append(f"{row} is {figures['median']}")
    # What was made late came late: these hold however slow the machine is.
    for row, least in (("cold_p50", 20), ("includes_rounds", 2), ("burst_8", 1000)):
        if row in rows and rows[row]["median"] < least:
            found.append(f"{row} is {rows[row]['median']}, less than DNS itself took")
    return found


def main():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.json"
        done = subprocess.run([sys.executable, str(Path(__file__).with_name("gateway_bench.py")), *sys.argv[1:],
                               "--smoke", "--runs", "1", "--json", str(file)],
                              stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout)
        if done.returncode != 0:
            return 1
        wrong = problems(json.loads(file.read_text(encoding="utf-8"))["rows"]["defender"])
        if any(row.title not in done.stdout for name, row in ROWS.items() if name in EXPECTED):
            wrong.append("the table does not show every row")
    for problem in wrong:
        print(f"gateway_smoke: {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
