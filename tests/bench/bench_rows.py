"""What the comparing benchmark measures of a filter. Each group of rows starts the filter anew, plays its load with
milter_load, and gives {row: figure}; ROWS says what the figures mean."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.process import LabError, Process, wait_for

# Addresses of the namespace's own, not of loopback, which OpenDKIM's resolver would not ask.
KNOT = "10.53.0.2"       # answers at once
SLOW_KNOT = "10.53.0.3"  # the same answers, later
ADDRESSES = (KNOT, SLOW_KNOT)


@dataclass
class Row:
    """`unit` is what a figure is in; of two filters' figures the better one is lower, or else higher."""

    title: str
    unit: str
    lower: bool = True


ROWS = {
    "cpu_4k": Row("processor time, 4 KB, warm", "ms/message"),
    "rate_8": Row("throughput, 8 connections", "messages/s", lower=False),
    "rate_32": Row("throughput, 32 connections", "messages/s", lower=False),
    "p50_32": Row("latency at 32 connections, median", "ms"),
    "p99_32": Row("latency at 32 connections, p99", "ms"),
    "eom_p99_32": Row("of that after the end of the message, p99", "ms"),
    "memory_32": Row("peak memory at 32 connections", "MB"),
    "cpu_4k_signed": Row("processor time, 4 KB, signed", "ms/message"),
    "cpu_60k_signed": Row("processor time, 60 KB, signed", "ms/message"),
    "cpu_60k_unsigned": Row("processor time, 60 KB, unsigned", "ms/message"),
    "cpu_1m_signed": Row("processor time, 1 MB, signed", "ms/message"),
    "cpu_1m_unsigned": Row("processor time, 1 MB, unsigned", "ms/message"),
    "body_60k": Row("60 KB more than 4 KB, signed", "ms/message"),
    "body_1m": Row("1 MB more than 4 KB, signed", "ms/message"),
    "p50_1m_signed": Row("latency, 1 MB, signed, median", "ms"),
    "cold_p50": Row("cold cache, answers 20 ms late, median", "ms"),
    "cold_rounds": Row("  that is so many rounds of look-ups", "rounds"),
    "cold_max_rounds": Row("  longest chain of look-ups", "rounds"),
    "cold_questions": Row("  questions asked", "per message"),
    "includes_p50": Row("SPF with eight includes, cold, median", "ms"),
    "includes_rounds": Row("  that is so many rounds of look-ups", "rounds"),
    "idle_memory": Row("2,000 idle sessions, memory of each", "KB"),
    "idle_cpu": Row("2,000 idle sessions, processor time in 10 s", "ms"),
    "burst_8": Row("burst of 8, answers 1 s late, slowest", "ms"),
    "burst_64": Row("burst of 64, answers 1 s late, slowest", "ms"),
    "burst_200": Row("burst of 200, answers 1 s late, slowest", "ms"),
    "burst_late": Row("  answers of all bursts after 1.2 s", "%"),
    "domains_memory": Row("peak memory, 50,000 domains", "MB"),
    "domains_growth": Row("  of that since the first fifth", "MB"),
    "domains_cpu": Row("processor time, each domain new", "ms/message"),
    "million_memory": Row("peak memory, a million messages", "MB"),
    "million_growth": Row("  of that since the first tenth", "MB"),
    "million_rate": Row("  throughput meanwhile", "messages/s", lower=False),
}

LATE_MS = 20
BURST_LATE_MS = 1000
BURST_PATIENCE_MS = 1200


@dataclass
class Sizes:
    """How much is played. `domains` is the number of author domains where each message has one of its own."""

    messages: int = 4000
    large: int = 2000
    huge: int = 200
    cold: int = 200
    idle: int = 2000
    hold: float = 10
    bursts: tuple = (8, 64, 200)
    domains: int = 50000
    million: int = 1000000


SMOKE = Sizes(messages=60, large=4, huge=2, cold=6, idle=20, hold=0.2, bursts=(8,), domains=40, million=400)


class Bench:
    """Runs the load. `corpora` are folders by name, `tools` the folder of milter_load, dns_relay and hash_milter."""

    def __init__(self, programs, tools, corpora, sizes):
        self.programs = programs
        self.tools = tools
        self.corpora = corpora
        self.sizes = sizes
        self._calls = 0

    def load(self, mode, flt, corpus, **options):
        """What milter_load prints; LabError where a message was lost, or not judged as the others are."""
        self._calls += 1
        command = [f"{self.tools}/milter_load", mode, "--corpus", str(self.corpora[corpus]), "--queue-ids",
                   f"B{self._calls:03d}X"]
        for address in flt.addresses:
            command += ["--milter", address]
        for pid in flt.pids:
            command += ["--pid", str(pid)]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
        if done.returncode != 0:
            raise LabError(f"{flt.title}: {' '.join(command)}: {done.stdout}{done.stderr}")
        found = json.loads(done.stdout)
        if found.get("early") or set(found.get("replies", {})) - {"accept"}:
            raise LabError(f"{flt.title}: some messages were refused, or not heard to their end: {done.stdout}")
        return found

    def warmed(self, make, corpus="small"):
        """The filter, started and with every domain of the corpus in its cache."""
        flt = make(self, KNOT)
        self.load("messages", flt, corpus, messages=count_lines(self.corpora[corpus] / "index.tsv"))
        return flt


class SlowDns:
    """The slow name server, from here to the end of the block; `questions` is set there."""

    def __init__(self, bench, delay_ms):
        self._process = Process("dns_relay", [f"{bench.tools}/dns_relay", "--listen", f"{SLOW_KNOT}:53", "--server",
                                              f"{KNOT}:53", "--delay", str(delay_ms)], bench.programs.folder)
        self._process.wait_for_port(53, SLOW_KNOT)
        self.questions = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.send(15)
        wait_for(lambda: "udp" in self._process.log(), "the relay to tell its count")
        counts = json.loads(self._process.log())
        self.questions = counts["udp"] + counts["tcp"]
        self._process.stop()


def count_lines(path):
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def warm(bench, make):
    """Small messages of domains that are known already."""
    flt = bench.warmed(make)
    try:
        few, many = (bench.load("messages", flt, "small", messages=bench.sizes.messages, connections=count)
                     for count in (8, 32))
    finally:
        flt.stop()
    return {"cpu_4k": few["processor_ms_per_message"], "rate_8": few["rate"], "rate_32": many["rate"],
            "p50_32": many["whole_ms"]["p50"], "p99_32": many["whole_ms"]["p99"],
            "eom_p99_32": many["end_ms"]["p99"], "memory_32": many["memory"]["peak_kb"] / 1024}


def large(bench, make):
    flt = bench.warmed(make)
    figures = {}
    try:
        for size, content, count in (("4k", "signed", bench.sizes.large), ("60k", "signed", bench.sizes.large),
                                     ("60k", "unsigned", bench.sizes.large), ("1m", "signed", bench.sizes.huge),
                                     ("1m", "unsigned", bench.sizes.huge)):
            played = bench.load("messages", flt, f"{size}-{content}", messages=count, connections=4)
            figures[f"cpu_{size}_{content}"] = played["processor_ms_per_message"]
            if (size, content) == ("1m", "signed"):
                figures["p50_1m_signed"] = played["whole_ms"]["p50"]
    finally:
        flt.stop()
    for size in ("60k", "1m"):
        figures[f"body_{size}"] = figures[f"cpu_{size}_signed"] - figures["cpu_4k_signed"]
    return figures


def cold(bench, make):
    """One message at a time, each of a domain that nothing is known of."""
    with SlowDns(bench, LATE_MS) as dns:
        flt = make(bench, SLOW_KNOT)
        try:
            messages = bench.load("messages", flt, "cold", limit=bench.sizes.cold, messages=bench.sizes.cold,
                                  connections=1)
        finally:
            flt.stop()
    with SlowDns(bench, LATE_MS):
        flt = make(bench, SLOW_KNOT)
        try:
            includes = bench.load("messages", flt, "includes", connections=1,
                                  messages=count_lines(bench.corpora["includes"] / "index.tsv"))
        finally:
            flt.stop()
    whole = messages["whole_ms"]
    return {"cold_p50": whole["p50"], "cold_rounds": whole["p50"] // LATE_MS,
            "cold_max_rounds": whole["max"] // LATE_MS, "cold_questions": dns.questions / bench.sizes.cold,
            "includes_p50": includes["whole_ms"]["p50"], "includes_rounds": includes["whole_ms"]["p50"] // LATE_MS}


def idle(bench, make):
    flt = bench.warmed(make)
    try:
        played = bench.load("idle", flt, "small", connections=bench.sizes.idle, hold=bench.sizes.hold, stage="helo")
    finally:
        flt.stop()
    return {"idle_memory": played["resident_kb_per_session"], "idle_cpu": played["processor_ms"]}


def bursts(bench, make):
    """Sessions that all begin their messages at one moment, each of a domain of which nothing is known, and of which all can
    be asked for at once."""
    figures, late, all_answers, skip = {}, 0, 0, 0
    with SlowDns(bench, BURST_LATE_MS):
        flt = make(bench, SLOW_KNOT)
        try:
            for count in bench.sizes.bursts:
                played = bench.load("burst", flt, "bursts", connections=count, limit=count, skip=skip, stage="helo",
                                    late=BURST_PATIENCE_MS)
                figures[f"burst_{count}"] = played["whole_ms"]["max"]
                late += played["late"]
                all_answers += count
                skip += count
        finally:
            flt.stop()
    return {**figures, "burst_late": 100 * late / all_answers}


def domains(bench, make):
    """Memory as ever more domains come by; one start of the filter for all."""
    flt = make(bench, KNOT)
    total = bench.sizes.domains
    fifth = total // 5
    try:
        first = bench.load("messages", flt, "domains", messages=fifth, limit=fifth)
        rest = bench.load("messages", flt, "domains", messages=total - fifth, skip=fifth)
    finally:
        flt.stop()
    peaks = [played["memory"]["peak_kb"] / 1024 for played in (first, rest)]
    return {"domains_memory": peaks[1], "domains_growth": peaks[1] - peaks[0],
            "domains_cpu": rest["processor_ms_per_message"]}


def million(bench, make):
    """Memory as messages go by, of more domains than a cache may hold."""
    flt = make(bench, KNOT)
    tenth = bench.sizes.million // 10
    try:
        first, rest = (bench.load("messages", flt, "domains", messages=count, connections=32)
                       for count in (tenth, bench.sizes.million - tenth))
    finally:
        flt.stop()
    peaks = [played["memory"]["peak_kb"] / 1024 for played in (first, rest)]
    return {"million_memory": peaks[1], "million_growth": peaks[1] - peaks[0], "million_rate": rest["rate"]}


GROUPS = {"warm": warm, "large": large, "cold": cold, "idle": idle, "bursts": bursts, "domains": domains,
          "million": million}
# Those that do not take many minutes.
SHORT_GROUPS = [name for name in GROUPS if name != "million"]
