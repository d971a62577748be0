#!/usr/bin/python3
"""What the pages for operators say, held against the programs.

Commands in fenced sh blocks marked `run` are run, page by page, in a folder of their own, on a store that a
milter has filled; the others must say why not, and are parsed. Settings go through --check-config. Metrics
and log ids that pages, alert rules and the dashboard name must be those of the programs, and the table of
OpenDMARC's options must be whole.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parents[1]
TREE = TESTS.parent
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "integration")]

from lab.dns_server import ScriptedDns, Table  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.milter_client import MilterClient  # noqa: E402
from lab.packages import unpacked  # noqa: E402
from lab.process import free_port  # noqa: E402
from lab.runner import Suite, expect, expect_equal, programs_from_arguments  # noqa: E402
from lab.smtp_sink import SmtpSink  # noqa: E402
from lab.zones import ATTACKER_IP, GOOD_IP, Keys, lab_zone  # noqa: E402
from markdown import anchors, blocks, links  # noqa: E402
from messages import plain, signed  # noqa: E402

PAGES = [TREE / "README.md", TREE / "README.ja.md", TREE / "CONTRIBUTING.md", *sorted((TREE / "docs").glob("*.md"))]
LANGUAGES = {"", "sh", "toml", "m4", "sql", "promql"}
QUEUE_ID = "4F2bcd1TzPz"  # the one that the pages ask about
METRIC = re.compile(r"\bdefender_[a-z_]+")
LOG_ID = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
# Written like log ids: Sendmail's macro and glibc's variable.
NO_LOG_IDS = {"INPUT_MAIL_FILTER", "GLIBC_TUNABLES"}
PLACES = re.compile(r"/etc/defender|/var/lib/defender|/var/backups|/tmp/")
SERIES_OF_HISTOGRAMS = ("_bucket", "_count", "_sum")


class World:
    """A host as the pages describe one: programs on the path that read the settings of /etc/defender, a
    milter that runs, records in the store and a report that was sent. Absolute paths of the pages stand below
    a scratch folder."""

    def __init__(self, programs):
        self.programs = programs
        self.root = programs.folder / "host"
        self.work = self.root / "work"
        for folder in ("bin", "etc/defender", "var/backups", "tmp", "work"):
            (self.root / folder).mkdir(parents=True)
        self.keys = Keys()
        self.dns = ScriptedDns(Table(lab_zone(self.keys).records))
        self.sink = SmtpSink()
        (self.root / "etc/defender/reports.pem").write_bytes(self.keys.rsa.private_text)
        self.metrics_port = free_port()
        self.milter = self._milter()
        self._wrap("defenderctl", programs.ctl)
        self._wrap("defender-milter", programs.milter)
        self._wrap("defender-reporter", programs.reporter)
        self._receive_mail()
        self.report_id = self._send_report()

    def _milter(self):
        self.store = self.root / "var/lib/defender/defender.db"
        self.store.parent.mkdir(parents=True)
        milter = Milter(self.programs, "docs", {
            "store": {"path": str(self.store)},
            "metrics": {"listen": f"127.0.0.1:{self.metrics_port}"},
            "report": {"enabled": True, "org_name": "Lab", "email": "dmarc-reports@lab.example",
                       "smtp": self.sink.url},
        }, self.dns.port)
        (self.root / "etc/defender/defender.toml").write_text(milter.conf.read_text())
        return milter

    def _wrap(self, name, program):
        script = self.root / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{program}" -c "{self.root}/etc/defender/defender.toml" "$@"\n')
        script.chmod(0o755)

    def _receive_mail(self):
        genuine = signed(self.keys)
        for queue_id, message, ip in ((QUEUE_ID, plain(), ATTACKER_IP), ("4F2bcd1TzQ0", genuine, GOOD_IP)):
            with MilterClient(self.milter.address) as client:
                client.message(message, queue_id=queue_id, mail_from="ann@good.example", ip=ip)
        (self.work / "message.eml").write_bytes(genuine)

    def _send_report(self):
        tomorrow = datetime.now(timezone.utc).replace(hour=12, minute=0, second=0) + timedelta(days=1)
        done = self.run(f"defender-reporter --once --now {tomorrow:%Y-%m-%dT%H:%M:%SZ}")
        expect_equal(done.returncode, 0, f"the reporter ({done.stdout}{done.stderr})")
        return json.loads(self.run("defenderctl report list --json").stdout)[0]["report_id"]

    def placed(self, text):
        """With the paths and the names of this host."""
        text = PLACES.sub(lambda place: f"{self.root}{place.group()}", text)
        return text.replace("REPORT-ID", self.report_id if hasattr(self, "report_id") else "REPORT-ID")

    def run(self, text):
        env = {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}"}
        return subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", self.placed(text)], cwd=self.work, env=env,
                              capture_output=True, text=True, timeout=120, check=False)

    def metrics(self):
        """The names that the program serves, without those of the library that serves them."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        return set(re.findall(r"^# TYPE (defender_\S+)", text, re.MULTILINE))

    def stop(self):
        self.milter.stop()
        self.dns.stop()
        self.sink.stop()
        return self.milter.problems


def every_block_is_of_a_kind(page):
    for block in blocks(page):
        expect(block.language in LANGUAGES, f"{block}: unknown language {block.language!r}")
        if block.language == "sh":
            reason = block.mark.removeprefix("not-run:").strip() if block.mark.startswith("not-run:") else ""
            expect(block.mark == "run" or reason, f"{block}: neither `run` nor `not-run: REASON`")
        else:
            expect(not block.mark, f"{block}: a mark on {block.language}")


def commands_parse(page):
    for block in blocks(page):
        if block.language == "sh":
            done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
            expect_equal((done.returncode, done.stderr), (0, ""), str(block))


def commands_run(world, page):
    for block in blocks(page):
        if block.language == "sh" and block.mark == "run":
            done = world.run(block.text)
            expect_equal(done.returncode, 0, f"{block} ({done.stdout[-2000:]}{done.stderr[-2000:]})")


def settings_are_valid(world, page):
    for block in blocks(page):
        if block.language == "toml":
            path = world.root / "snippet.toml"
            path.write_text(world.placed(block.text), encoding="utf-8")
            for program in (world.programs.milter, world.programs.reporter):
                done = subprocess.run([str(program), "-c", str(path), "--check-config"], capture_output=True, text=True,
                                      timeout=60, check=False)
                expect_equal(done.returncode, 0, f"{block} ({done.stdout}{done.stderr})")


def links_lead_somewhere(page):
    for target, anchor in links(page):
        expect(target.exists(), f"{page.name}: no {target}")
        expect(not anchor or anchor in anchors(target), f"{page.name}: no #{anchor} in {target.name}")


def log_ids():
    """Every id with its level, from defender-log(7)."""
    text = (TREE / "docs/man/defender-log.7").read_text(encoding="utf-8")
    return dict(re.findall(r'^\.B "([A-Z0-9_]+)"\nLevel ([a-z]+)\.', text, re.MULTILINE))


def guide_has_every_problem():
    known = log_ids()
    expect(len(known) > 40, f"only {len(known)} ids with a level in defender-log(7)")
    text = (TREE / "docs/OPERATIONS.md").read_text(encoding="utf-8")
    named = set(LOG_ID.findall(text)) - NO_LOG_IDS
    expect_equal(named - set(known), set(), "ids that no program logs")
    problems = {name for name, level in known.items() if level in ("warning", "error")}
    expect_equal(problems - named, set(), "warnings and errors that the guide does not name")


def guide_has_every_metric(world):
    text = (TREE / "docs/OPERATIONS.md").read_text(encoding="utf-8")
    table = text.partition("| metric |")[2].partition("\n\n")[0]
    expect_equal(set(METRIC.findall(table)), world.metrics(), "metrics in the table")


def expressions_of_rules():
    path = TREE / "conf/prometheus/defender.rules.yml"
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def expressions_of_dashboard():
    dashboard = json.loads((TREE / "conf/grafana/defender.json").read_text(encoding="utf-8"))
    for variable in dashboard["templating"]["list"]:
        yield variable["name"], variable["query"]
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def expressions_name_what_is_there(world, expressions):
    metrics, ids = world.metrics(), log_ids()
    series = metrics | {name + end for name in metrics for end in SERIES_OF_HISTOGRAMS}
    count = 0
    for title, expression in expressions:
        count += 1
        expect_equal(set(METRIC.findall(expression)) - series, set(), f"unknown metrics in {title!r}")
        expect_equal(set(LOG_ID.findall(expression)) - set(ids), set(), f"unknown log ids in {title!r}")
    expect(count > 10, f"only {count} expressions")


def promtool_accepts_the_rules(world):
    promtool = unpacked("promtool", world.programs.cache) / "usr/bin/promtool"
    done = subprocess.run([str(promtool), "check", "rules", str(TREE / "conf/prometheus/defender.rules.yml")],
                          capture_output=True, text=True, timeout=60, check=False)
    expect_equal(done.returncode, 0, f"promtool ({done.stdout}{done.stderr})")


def every_option_of_opendmarc_has_its_place(world):
    manual = unpacked("peers", world.programs.cache) / "usr/share/man/man5/opendmarc.conf.5.gz"
    options = set(re.findall(r"^\.I (\w+) \(", gzip.decompress(manual.read_bytes()).decode(), re.MULTILINE))
    text = (TREE / "docs/OPERATIONS.md").read_text(encoding="utf-8")
    table = text.partition("| opendmarc.conf(5) |")[2].partition("\n\n")[0]
    named = [name for row in table.splitlines()[2:] for name in row.split("|")[1].replace(" ", "").split(",")]
    expect_equal(set(named), options, "options in the table")
    expect_equal(len(named), len(set(named)), "options that stand there twice")


def settings_named_in_prose_exist(page):
    sections = {}
    for section, keys in re.findall(r"^\[(\w+)\]\n((?:(?!^\[\w).*\n)*)",
                                    (TREE / "conf/defender.toml").read_text(encoding="utf-8"), re.MULTILINE):
        sections[section] = set(re.findall(r"^#?(\w+) = ", keys, re.MULTILINE))
    for section, key in re.findall(r"`(?:\[\[)?([a-z]+)\.([a-z_]+)(?:\]\])?(?: = [^`]*)?`",
                                   page.read_text(encoding="utf-8")):
        if section in sections:
            expect(key in sections[section] | {"override", "destination"}, f"{page.name}: no setting {section}.{key}")


def main():
    programs, _ = programs_from_arguments(__doc__)
    world = World(programs)
    suite = Suite("docs")
    suite.logs.append(lambda: ("milter", world.milter.log()))
    for page in PAGES:
        suite.check(f"{page.name}: blocks", every_block_is_of_a_kind, page)
        suite.check(f"{page.name}: commands parse", commands_parse, page)
        suite.check(f"{page.name}: commands run", commands_run, world, page)
        suite.check(f"{page.name}: settings", settings_are_valid, world, page)
        suite.check(f"{page.name}: settings in prose", settings_named_in_prose_exist, page)
        suite.check(f"{page.name}: links", links_lead_somewhere, page)
    suite.check("every warning and error is in the guide", guide_has_every_problem)
    suite.check("every metric is in the guide", guide_has_every_metric, world)
    suite.check("the alert rules", expressions_name_what_is_there, world, expressions_of_rules())
    suite.check("the dashboard", expressions_name_what_is_there, world, expressions_of_dashboard())
    suite.check("the alert rules by promtool", promtool_accepts_the_rules, world)
    suite.check("the options of OpenDMARC", every_option_of_opendmarc_has_its_place, world)
    for problem in world.stop():
        suite.problem(problem)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
