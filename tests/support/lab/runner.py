"""Runs a suite's checks one after another, prints each one's name and outcome, and shows the logs on
failure."""

import argparse
import sys
import time
import traceback
from pathlib import Path

from lab.milter import FRONTENDS, Programs
from lab.process import LabError, make_folder


class Failed(Exception):
    """A check's expectation that did not hold; the text says what differed."""


def expect(condition, text):
    if not condition:
        raise Failed(text)


def expect_equal(got, wanted, what):
    expect(got == wanted, f"{what}: wanted {wanted!r}, got {got!r}")


class Suite:
    """Counts outcomes. `logs` are functions that give (title, text), shown once at the end where anything
    failed."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failures = []
        self.logs = []
        self._begun = time.monotonic()

    def check(self, name, function, *arguments):
        begun = time.monotonic()
        try:
            function(*arguments)
        except Failed as failure:
            self._fail(name, str(failure))
        except Exception:  # a crash of a check is that check's failure, not the suite's end
            self._fail(name, traceback.format_exc())
        else:
            self.passed += 1
            print(f"ok    {name} ({time.monotonic() - begun:.2f} s)", flush=True)

    def check_all(self, functions, *arguments, only=""):
        """Each under its own name, those whose name has this text."""
        for function in functions:
            if only in function.__name__:
                self.check(function.__name__.replace("_", " "), function, *arguments)

    def _fail(self, name, text):
        self.failures.append(name)
        print(f"FAIL  {name}", flush=True)
        for line in text.rstrip().splitlines():
            print(f"      {line}", flush=True)

    def problem(self, text):
        """Something outside a single check, such as a sanitizer's report."""
        self._fail("the programs end cleanly", text)

    def finish(self):
        """Prints the sum and gives the exit status."""
        if self.failures:
            for give in self.logs:
                title, text = give()
                print(f"----- {title}\n{text[-12000:]}", flush=True)
        print(f"{self.name}: {self.passed} passed, {len(self.failures)} failed "
              f"in {time.monotonic() - self._begun:.1f} s", flush=True)
        for name in self.failures:
            print(f"  failed: {name}", flush=True)
        return 1 if self.failures or not self.passed else 0


def programs_from_arguments(description, extra=None):
    """Programs, and the arguments as parsed; `extra(parser)` may add options."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--milter", required=True, type=Path, help="the defender-milter to test")
    parser.add_argument("--ctl", required=True, type=Path, help="the defenderctl to test")
    parser.add_argument("--reporter", type=Path, help="the defender-reporter to test")
    parser.add_argument("--folder", required=True, type=Path, help="a folder to work in; emptied first")
    parser.add_argument("--cache", required=True, type=Path, help="where unpacked mail servers are kept")
    parser.add_argument("--frontend", default=FRONTENDS[0], choices=FRONTENDS,
                        help="what speaks the milter protocol: milter.frontend")
    if extra:
        extra(parser)
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    programs = Programs(arguments.milter.resolve(), arguments.ctl.resolve(), make_folder(arguments.folder),
                        arguments.cache.resolve(), arguments.reporter and arguments.reporter.resolve(),
                        arguments.frontend)
    return programs, arguments


def run_checks(name, description, make_lab, checks):
    """The main() of a suite whose checks share one lab: the exit status.

    `make_lab(programs)` has logs(), pairs of a title and a text that are shown where something failed, and stop(),
    which gives what went wrong outside the checks. `checks` are functions of the lab, or a function of the lab that gives
    them.
    """
    programs, arguments = programs_from_arguments(
        description, lambda parser: parser.add_argument("--only", default="", help="checks whose name has this text"))
    suite = Suite(name)
    lab = make_lab(programs)
    suite.check_all(checks(lab) if callable(checks) else checks, lab, only=arguments.only)
    try:
        problems = lab.stop()
    except LabError as error:
        problems = [str(error)]
    for problem in problems:
        suite.problem(problem)
    suite.logs += [lambda shown=shown: shown for shown in lab.logs()]
    return suite.finish()
