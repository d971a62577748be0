#!/usr/bin/python3
"""Measures Defender, and beside it Debian's OpenDKIM with OpenDMARC and Debian's rspamd, under one load.

    gateway_bench.py --milter FILE --ctl FILE --tools FOLDER --folder FOLDER --cache FOLDER
                     [--filters defender,other-frontend,opendkim,rspamd,hash,hash-answering]
                     [--rows GROUP,…] [--runs N] [--stolen PERCENT] [--json FILE] [--smoke]

All run in one network namespace, with one name server, in turn; the table has the medians of the runs, and behind each
figure of another filter how many times better Defender's is. Corpora are made at the first call and kept in the cache.
Needs root. docs/PERFORMANCE.md says how to read the table.
"""

import json
import multiprocessing
import os
import random
import resource
import shutil
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "bench")]

import bench_filters  # noqa: E402
import bench_rows  # noqa: E402
import bench_table  # noqa: E402
import gateway_corpus  # noqa: E402
from gateway_corpus import Recipe  # noqa: E402
from lab.knot import Knot  # noqa: E402
from lab.process import LabError  # noqa: E402
from lab.runner import programs_from_arguments  # noqa: E402

NAMESPACE = "DEFENDER_BENCH_NAMESPACE"
ATTEMPTS = 3
ZONE_HEAD = """\
$TTL 3600
. SOA ns.bench.example. host.bench.example. 1 3600 600 86400 3600
. NS ns.bench.example.
ns.bench.example. A 10.53.0.2
attack.example. TXT "v=spf1 ip4:198.51.100.0/24 -all"
"""


def recipes(sizes, seed):
    """The corpora by name. Those that are played again and again have few enough domains to be known then."""
    small = sizes.messages // 4
    known = max(small // 2, 1)
    keys = min(known, 100)
    return {
        "small": Recipe(known, small, 4096, "mixed", "d", keys, seed),
        "4k-signed": Recipe(known, max(sizes.large // 20, 1), 4096, "signed", "d", keys, seed),
        "60k-signed": Recipe(known, max(sizes.large // 20, 1), 60000, "signed", "d", keys, seed),
        "60k-unsigned": Recipe(known, max(sizes.large // 20, 1), 60000, "unsigned", "d", keys, seed),
        "1m-signed": Recipe(known, max(sizes.huge // 10, 1), 1000000, "signed", "d", keys, seed),
        "1m-unsigned": Recipe(known, max(sizes.huge // 10, 1), 1000000, "unsigned", "d", keys, seed),
        "includes": Recipe(max(sizes.cold // 4, 1), max(sizes.cold // 4, 1), 4096, "includes", "inc", keys, seed),
        "cold": Recipe(sizes.cold, sizes.cold, 4096, "mixed", "c", keys, seed),
        # Everything about one of these can be asked for at once.
        "bursts": Recipe(sum(sizes.bursts), sum(sizes.bursts), 4096, "at-once", "b", keys, seed),
        "domains": Recipe(sizes.domains, sizes.domains, 4096, "mixed", "n", keys, seed),
    }


def make_corpora(folder, sizes, seed, wanted):
    """Makes those that are wanted; their folders by name, and the zone of all of them."""
    folders = {}
    lines = {}
    for name, recipe in recipes(sizes, seed).items():
        if name in wanted:
            print(f"corpus {name}: {recipe.messages} messages of {recipe.domains} domains", file=sys.stderr)
            folders[name] = gateway_corpus.make(folder / name, recipe, folder / "keys", multiprocessing.cpu_count())
            lines.update(dict.fromkeys((folders[name] / "zone.txt").read_text(encoding="ascii").splitlines()))
    return folders, ZONE_HEAD + "\n".join(lines) + "\n"


CORPORA = {"warm": ["small"],
           "large": ["small", "4k-signed", "60k-signed", "60k-unsigned", "1m-signed", "1m-unsigned"],
           "cold": ["cold", "includes"], "idle": ["small"], "bursts": ["bursts"], "domains": ["domains"],
           "million": ["domains"]}


def enter_namespace(arguments):
    """Goes on in a network of its own, where port 53 is free; the packages are fetched before."""
    bench_filters.fetch(arguments.filters, arguments.cache)
    os.environ[NAMESPACE] = "1"
    steps = ["ip link set lo up", *(f"ip address add {address}/32 dev lo" for address in bench_rows.ADDRESSES),
             'exec "$@"']
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", " && ".join(steps), "sh", sys.executable, *sys.argv])


def measure(bench, arguments):
    """{filter: [{row: figure}]}, and what went wrong as {(filter, group): [text]}. The filters take turns, so that what
    else the machine does befalls all alike."""
    results, failures = {name: [] for name in arguments.filters}, {}
    for run in range(arguments.runs):
        for group in arguments.rows:
            for name in arguments.filters:
                begun = time.monotonic()
                figures, stolen = measured_quietly(bench, name, group, failures, arguments.stolen)
                results[name].append(figures)
                print(f"run {run + 1}: {name} {group} ({time.monotonic() - begun:.0f} s, {stolen:.0f} % stolen): "
                      + ", ".join(f"{row} {bench_table.number(value)}" for row, value in figures.items()),
                      file=sys.stderr, flush=True)
    return results, failures


def measured_quietly(bench, name, group, failures, most):
    """A group's figures, and how many per cent of the processors the host gave to others meanwhile. Where that is more than
    `most` the group has two more tries; then the quietest of them counts."""
    tries = []
    while len(tries) < ATTEMPTS and (not tries or tries[-1][1] > most):
        before = processor_ticks()
        figures = measured(bench, name, group, failures)
        tries.append((figures, bench_table.stolen_percent(before, processor_ticks())))
    return min(tries, key=lambda found: found[1])


def processor_ticks():
    """The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal; what follows is in them."""
    with open("/proc/stat", encoding="ascii") as file:
        return [int(word) for word in file.readline().split()[1:9]]


def measured(bench, name, group, failures):
    """A group's figures. Another filter than Defender may fail at it, which is told, and has two more tries."""
    for _ in range(ATTEMPTS):
        try:
            return bench_rows.GROUPS[group](bench, bench_filters.FILTERS[name])
        except LabError as error:
            if name == "defender":
                raise
            failures.setdefault((name, group), []).append(str(error))
            print(f"{name} {group}: {error}", file=sys.stderr)
    return {}


def names(known):
    """The type of an option that is a list of names."""
    def parse(value):
        found = value.split(",")
        if not set(found) <= set(known):
            raise ValueError
        return found
    return parse


def options(parser):
    parser.add_argument("--tools", required=True, type=Path, help="the folder of milter_load and the other tools")
    parser.add_argument("--filters", type=names(bench_filters.FILTERS), default=["defender"])
    parser.add_argument("--rows", type=names(bench_rows.GROUPS),
                        help=f"groups of rows: {', '.join(bench_rows.GROUPS)}; without it all but million")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--stolen", type=float, default=5, metavar="PERCENT",
                        help="how much of the processors a host may give to others without another try (default 5)")
    parser.add_argument("--json", type=Path, help="the table as JSON")
    parser.add_argument("--seed", default=None, help="of the corpora; without it those of the cache are taken")
    parser.add_argument("--smoke", action="store_true", help="as little as shows that all of it works")


def main():
    programs, arguments = programs_from_arguments(__doc__, options)
    if NAMESPACE not in os.environ:
        enter_namespace(arguments)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a session costs a filter a descriptor
    sizes = bench_rows.SMOKE if arguments.smoke else bench_rows.Sizes()
    if not arguments.rows:
        arguments.rows = list(bench_rows.GROUPS) if arguments.smoke else bench_rows.SHORT_GROUPS
    if arguments.smoke:
        arguments.stolen = 100  # nobody looks at the figures
    corpora = (programs.folder if arguments.smoke else programs.cache) / "corpora"
    seed = arguments.seed or kept_seed(corpora)
    print(f"seed {seed}", file=sys.stderr)
    wanted = {corpus for group in arguments.rows for corpus in CORPORA[group]}
    folders, zone = make_corpora(corpora, sizes, seed, wanted)
    knot = Knot(programs.folder, zone, address=bench_rows.KNOT, port=53)
    try:
        results, failures = measure(bench_rows.Bench(programs, arguments.tools.resolve(), folders, sizes), arguments)
    finally:
        knot.stop()
    table = bench_table.with_ratios({name: bench_table.medians(runs) for name, runs in results.items()})
    titles = {name: bench_filters.FILTERS[name].title for name in table}
    print(bench_table.text(table, titles))
    for (name, group), texts in failures.items():
        print(f"{titles[name]} lost messages {len(texts)} times at the rows of {group!r}")
    if arguments.json:
        out = {"seed": seed, "runs": arguments.runs, "rows": table,
               "failures": {" ".join(key): texts for key, texts in failures.items()}}
        arguments.json.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(programs.folder, ignore_errors=True)
    return 0


def kept_seed(folder):
    """The seed that the corpora of the cache were made of; one of chance where there are none."""
    file = folder / "seed"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(str(random.SystemRandom().randrange(10 ** 9)), encoding="ascii")
    return file.read_text(encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
