"""Milters that are made check by check, and the name server that they ask: what several suites begin with."""

from lab.dns_server import ScriptedDns, Table
from lab.milter import Milter
from lab.zones import Keys, lab_zone


class MilterLab:
    """For runner.run_checks."""

    def __init__(self, programs):
        self.programs = programs
        self.keys = Keys()
        self.table = Table(lab_zone(self.keys).records)
        self.dns = ScriptedDns(self.table)
        self.milters = []

    def milter(self, name, settings=None, **options):
        made = Milter(self.programs, name, settings, self.dns.port, **options)
        self.milters.append(made)
        return made

    def logs(self):
        return [("the last milter", self.milters[-1].log() if self.milters else "")]

    def stop(self):
        for milter in self.milters:
            if milter.process and milter.process.running():
                milter.stop()
        self.dns.stop()
        return [problem for milter in self.milters for problem in milter.problems]
