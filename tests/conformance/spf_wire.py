#!/usr/bin/python3
"""The SPF test suite of RFC 7208 over the wire: a name server made from each scenario's zone answers real
packets, a milter client speaks as the MTA, and the result is read from the Authentication-Results field that
comes back.

With --weather the same cases are held under bad DNS, and the results must be among the same ones: `slow`
answers, `truncated` ones that need TCP, `forged` ones that come before the true ones, and CNAME loops
(`loops`) beside every answer and under a message that is judged at the same time.
"""

import gzip
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import yaml  # noqa: E402
from lab import auth_results  # noqa: E402
from lab.dns_server import Answer, Faults, ScriptedDns, Table, quoted  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.milter_client import MilterClient  # noqa: E402
from lab.runner import Suite, expect, expect_equal, programs_from_arguments  # noqa: E402

CASES = 203  # of the suite as published; fewer means that it was not read whole
MESSAGE = b"From: a@author.invalid\r\nSubject: SPF\r\n\r\nbody\r\n"
SETTINGS = {
    "policy": {"mode": "monitor"},
    # The scenarios use the same names for different things, so that nothing may be kept.
    # What is never answered is given up after this time; a busy machine needs some of it for what is.
    "dns": {"cache_records": 0, "failure_ttl": 0, "try_timeout_ms": 2000, "tries": 1,
            "total_timeout_ms": 4000},
}
IN_PARALLEL = 8
LOOP = [("loop-a.invalid", "CNAME", "loop-b.invalid."), ("loop-b.invalid", "CNAME", "loop-a.invalid.")]
LOOPED = {"mailfrom": "a@loop-a.invalid", "helo": "loop-b.invalid", "host": "192.0.2.1",
          "result": "temperror"}
LIES = [("TXT", '"v=spf1 +all"'), ("TXT", '"v=spf1 -all"'), ("A", "203.0.113.66"), ("AAAA", "2001:db8:66::1"),
        ("MX", "1 forged.invalid."), ("PTR", "forged.invalid.")]
WEATHER = {
    "fair": Faults(),
    "slow": Faults(delay=0.04),
    "truncated": Faults(truncated=True),
    "forged": Faults(forged=LIES),
    "loops": Faults(beside=LOOP),
}


class ScenarioDns:
    """The zone of one scenario, in the suite's notation.

    SPF stands for TXT as well, unless the name has TXT records (or TXT: NONE) of its own. TIMEOUT: what the
    name has no records for is not answered.
    """

    def __init__(self, zone):
        self._silent = set()
        records = {}
        for name, entries in zone.items():
            name = name.lower().rstrip(".")
            listed = [entry for entry in entries if entry != "TIMEOUT"]
            if len(listed) < len(entries):
                self._silent.add(name)
            for kind, values in self._of_a_name(listed).items():
                records[name, kind] = values
        self._records = records
        self._table = Table(records)

    @staticmethod
    def _of_a_name(entries):
        by_kind = {}
        for entry in entries:
            (kind, value), = entry.items()
            by_kind.setdefault(kind, []).append(value)
        if "TXT" not in by_kind and "SPF" in by_kind:
            by_kind["TXT"] = by_kind["SPF"]
        by_kind.pop("SPF", None)
        out = {}
        for kind, values in by_kind.items():
            texts = [_rdata(kind, value) for value in values if value != "NONE"]
            if texts:
                out[kind] = texts
        return out

    def __call__(self, name, kind):
        if name in self._silent and (name, kind) not in self._records:
            return Answer(silent=True)
        if name in ("loop-a.invalid", "loop-b.invalid"):
            return Answer(records=LOOP)
        return self._table(name, kind)


def _rdata(kind, value):
    if kind == "TXT":
        strings = value if isinstance(value, list) else [value]
        return " ".join(quoted(_octets(string)) for string in strings) or '""'
    if kind == "MX":
        preference, host = value
        return f"{preference} {host.rstrip('.')}."
    return value.rstrip(".") + "." if kind in ("CNAME", "PTR") else value


def _octets(text):
    """The suite writes octets over 127 as characters of that number."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


class Wire:
    def __init__(self, programs, weather):
        self.dns = ScriptedDns(lambda name, kind: Answer(rcode="NXDOMAIN"), WEATHER[weather])
        self.milter = Milter(programs, "spf", SETTINGS, self.dns.port)

    def result_of(self, test, queue_id):
        """The result of the identity that the test is about: HELO where the sender is null."""
        sender = test["mailfrom"]
        sender = "" if sender == "<>" else sender
        with MilterClient(self.milter.address) as client:
            outcome = client.message(MESSAGE, queue_id=queue_id, mail_from=sender, ip=str(test["host"]),
                                     helo=test["helo"])
        value = outcome.header("Authentication-Results")
        expect(value is not None, f"no Authentication-Results; the verdict was {outcome}")
        name = "smtp.mailfrom" if sender else "smtp.helo"
        results = [result for result in auth_results.parse(value).of("spf")
                   if name in result.properties or not result.properties]
        expect_equal(len(results), 1, f"spf results with {name} in {value!r}")
        return results[0].result

    def stop(self):
        self.milter.stop()
        self.dns.stop()


def expect_allowed(wire, test, result):
    allowed = test["result"] if isinstance(test["result"], list) else [test["result"]]
    before = len(wire.dns.asked)
    got = result()
    asked = wire.dns.asked[before:]
    expect(got in allowed, f"wanted {'|'.join(allowed)}, got {got}; meanwhile asked {asked}")


def expect_weather(dns, faults):
    """That the weather was as bad as it was meant to be."""
    expect(dns.asked, "no question was asked")
    expect(not faults.truncated or dns.over_tcp, "no answer went over TCP")
    expect(not faults.forged or dns.forgeries > len(dns.asked), "nothing was forged")


def run_scenario(wire, suite, scenario, tests, pool):
    """The cases of one zone, at the same time."""
    wire.dns.answer = ScenarioDns(scenario["zonedata"])
    results = {name: pool.submit(wire.result_of, test, f"spf-{name}") for name, test in tests.items()}
    for name, test in tests.items():
        suite.check(f"{scenario['description']}: {name}", expect_allowed, wire, test, results[name].result)


def main():
    def options(parser):
        parser.add_argument("--suite", required=True, type=Path, help="rfc7208-tests.yml.gz")
        parser.add_argument("--only", default="",
                            help="cases whose name has this text; a failure then shows what they alone asked")
        parser.add_argument("--weather", default="fair", choices=WEATHER, help="what DNS is like")

    programs, arguments = programs_from_arguments(__doc__, options)
    faults = WEATHER[arguments.weather]
    suite = Suite(f"spf_wire, {arguments.weather}")
    wire = Wire(programs, arguments.weather)
    suite.logs.append(lambda: ("milter", wire.milter.log()))
    cases = 0
    with gzip.open(arguments.suite, "rt", encoding="utf-8") as file, ThreadPoolExecutor(IN_PARALLEL) as pool:
        for scenario in yaml.safe_load_all(file):
            cases += len(scenario["tests"])
            tests = {name: test for name, test in scenario["tests"].items() if arguments.only in name}
            if faults.beside:
                tests["a loop beside"] = LOOPED
            run_scenario(wire, suite, scenario, tests, pool)
    suite.check("the suite is read whole", expect_equal, cases, CASES, "number of cases")
    suite.check("DNS was as it was to be", expect_weather, wire.dns, faults)
    wire.stop()
    for problem in wire.milter.problems:
        suite.problem(problem)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
