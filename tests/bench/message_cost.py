#!/usr/bin/python3
"""Counts the instructions that one message costs (message_cost.cpp says which part of it), and compares that with what
was recorded.

    message_cost.py --program FILE --corpus FOLDER --recorded FILE --build TYPE [--margin PERCENT] [--record]

Counted by valgrind, which counts alike on every machine that has the same packages. Left out is what chooses its code
by the processor: libcrypto. What starting costs falls out, since the cost of a message is what more rounds cost more.
FILE has a figure for each type of build; --record writes that of this one anew. Fails where a message costs more than
recorded by over the margin.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROUNDS = 4
LEFT_OUT = "libcrypto"
# The C library, too, chooses code by the processor, but can be told not to.
ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX_Usable,-AVX2_Usable,-ERMS,-FSRM"}


def self_costs(text):
    """Instructions by the name of the object that they are in, from callgrind's own format."""
    names, costs, current = {}, Counter(), ""
    inclusive = False  # the line that follows "calls=" has what the callee cost, which stands with the callee too
    for line in text.splitlines():
        if match := re.match(r"ob=\((\d+)\)(?: (.*))?", line):
            current = names.setdefault(match[1], match[2])
        elif match := re.match(r"cob=\((\d+)\)(?: (.*))?", line):
            names.setdefault(match[1], match[2])
        elif line.startswith("calls="):
            inclusive = True
        elif re.match(r"[+\-*]?\d* ", line):
            if not inclusive:
                costs[current] += int(line.split()[-1])
            inclusive = False
    return costs


def count(arguments, rounds):
    """The instructions of so many rounds, by object."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(arguments.program), "--corpus",
             str(arguments.corpus), "--rounds", str(rounds)],
            capture_output=True, text=True, check=False, env={**os.environ, **ENVIRONMENT})
        if done.returncode != 0:
            sys.exit(f"{arguments.program}: {done.stdout}{done.stderr}")
        return self_costs(out.read_text(encoding="utf-8", errors="replace"))


def cost_per_message(arguments):
    """Of ours, by object."""
    messages = len((arguments.corpus / "index.tsv").read_text(encoding="ascii").splitlines())
    few, many = (count(arguments, rounds) for rounds in (ROUNDS, 2 * ROUNDS))
    costs = {Path(name).name: (many[name] - few[name]) / (ROUNDS * messages) for name in many}
    return {name: cost for name, cost in costs.items() if not name.startswith(LEFT_OUT)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=Path)
    parser.add_argument("--corpus", required=True, type=Path)
    parser.add_argument("--recorded", required=True, type=Path)
    parser.add_argument("--build", required=True, help="the type of the build, as CMake calls it")
    parser.add_argument("--margin", type=float, default=5, help="percent")
    parser.add_argument("--record", action="store_true", help="write the figure anew")
    arguments = parser.parse_args()
    costs = cost_per_message(arguments)
    for name, cost in sorted(costs.items(), key=lambda item: -item[1])[:8]:
        print(f"{cost:12,.0f}  {name}")
    total = round(sum(costs.values()))
    recorded = json.loads(arguments.recorded.read_text(encoding="ascii")) if arguments.recorded.exists() else {}
    if arguments.record:
        recorded[arguments.build] = total
        arguments.recorded.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", encoding="ascii")
    if arguments.build not in recorded:
        print(f"{total:,} instructions a message; nothing is recorded of a {arguments.build} build")
        return 0
    change = 100 * (total / recorded[arguments.build] - 1)
    print(f"{total:,} instructions a message, {change:+.1f} % of the {recorded[arguments.build]:,} recorded")
    if change < -arguments.margin:
        print("It has become cheaper: --record keeps it so.")
    return 1 if change > arguments.margin else 0


if __name__ == "__main__":
    sys.exit(main())
