"""The filters that the comparing benchmark measures, each as a started program: Defender as it ships, Debian's OpenDKIM
with OpenDMARC behind it, Debian's rspamd with nothing but SPF, DKIM and DMARC, and a milter that only hashes."""

from pathlib import Path
from typing import ClassVar

from lab.milter import FRONTENDS, Milter
from lab.packages import unpacked
from lab.peers import PeerMilters
from lab.process import LabError, Process, short_folder
from lab.rspamd import Rspamd


UNIT = Path(__file__).resolve().parents[2] / "systemd/defender-milter.service.in"


def shipped_environment():
    """{name: value} of what the unit of systemd sets."""
    lines = [line.removeprefix("Environment=") for line in UNIT.read_text(encoding="utf-8").splitlines()
             if line.startswith("Environment=")]
    return dict(line.split("=", 1) for line in lines)


class DefenderFilter:
    """Its store is one of its own: each start begins with no record and nothing in its cache."""

    title = "Defender"
    settings: ClassVar = {}  # what differs from the shipped ones, but for where things are
    _starts = 0

    def __init__(self, bench, address):
        DefenderFilter._starts += 1
        self._milter = Milter(bench.programs, f"bench{DefenderFilter._starts}",
                              {"dns": {"servers": [f"{address}:53"]}, **self.settings}, unix=True, start=False)
        self._milter.start(env=shipped_environment())
        self.addresses = [f"unix:{self._milter.socket_path}"]
        self.pids = [self._milter.process.pid]

    def stop(self):
        self._milter.stop()
        if self._milter.problems:
            raise LabError("\n".join(self._milter.problems))
        for path in self._milter.folder.glob("defender.db*"):
            path.unlink()


class OtherFrontendFilter(DefenderFilter):
    """Defender with the front end that is not the default."""

    title = f"Defender ({FRONTENDS[1]})"
    settings: ClassVar = {"milter": {"frontend": FRONTENDS[1]}}


class OpendkimOpendmarc:
    title = "opendkim+opendmarc"

    def __init__(self, bench, address):
        self._milters = PeerMilters(bench.programs, address, ["opendkim", "watching"])
        self.addresses = [f"unix:{self._milters.socket_of(name)}" for name in self._milters.processes]
        self.pids = [process.pid for process in self._milters.processes.values()]

    def stop(self):
        self._milters.stop()


class HashFilter:
    """Nothing but the passage of the octets, and their hash: what no filter that verifies signatures can be below."""

    title = "SHA-256 alone"
    options: ClassVar = []

    def __init__(self, bench, _):
        path = short_folder() / "hash.sock"
        self._process = Process("hash_milter", [f"{bench.tools}/hash_milter", "--listen", str(path), *self.options],
                                bench.programs.folder)
        self._process.wait_alive(path.exists, "hash_milter to listen")
        self.addresses = [f"unix:{path}"]
        self.pids = [self._process.pid]

    def stop(self):
        self._process.stop()


class AnsweringHashFilter(HashFilter):
    """The same where each piece of a body has its answer, as with every filter that can do without the rest of one."""

    title = "SHA-256, answering"
    options: ClassVar = ["--answer-pieces"]


class RspamdFilter:
    title = "rspamd"

    def __init__(self, bench, address):
        self._rspamd = Rspamd(bench.programs, address)
        self.addresses = [f"unix:{self._rspamd.socket_path}"]
        self.pids = [self._rspamd.process.pid]

    def stop(self):
        self._rspamd.stop()


FILTERS = {"defender": DefenderFilter, "other-frontend": OtherFrontendFilter, "opendkim": OpendkimOpendmarc,
           "rspamd": RspamdFilter, "hash": HashFilter, "hash-answering": AnsweringHashFilter}
PACKAGES = {"opendkim": "peers", "rspamd": "rspamd"}


def fetch(names, cache):
    """Has Debian's packages of these there, which needs the network."""
    for name in names:
        if name in PACKAGES:
            unpacked(PACKAGES[name], cache)
