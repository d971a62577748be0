"""Debian's OpenDKIM and OpenDMARC, unpacked (packages.py) and not installed, as two milters one behind the other.

Both ask the name server of the test alone: each runs in a mount namespace of its own in which /etc/resolv.conf
names that server, for neither takes a port. OpenDMARC checks SPF itself (SPFSelfValidate) and has the list of
public suffixes; what else is set below makes their actions comparable, all the rest is as shipped. Needs root.
"""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from lab import auth_results
from lab.milter_client import MilterClient, MilterClosed
from lab.packages import unpacked
from lab.process import Process, short_folder

AUTHSERV_ID = "mx.lab.example"
CUT_OFF = "cut off"
PUBLIC_SUFFIXES = "/usr/share/publicsuffix/public_suffix_list.dat"

OPENDKIM_CONF = """\
Mode v
Socket local:{socket}
AuthservID {authserv_id}
AlwaysAddARHeader yes
{resolver}
Background no
Syslog no
"""

# Without do-not-query-localhost the library would not ask a name server on loopback.
UNBOUND_CONF = """\
server:
    do-not-query-localhost: no
    module-config: "iterator"
forward-zone:
    name: "."
    forward-addr: {address}
"""

OPENDMARC_CONF = """\
Socket local:{socket}
AuthservID {authserv_id}
TrustedAuthservIDs {authserv_id}
PublicSuffixList {suffixes}
RejectFailures {acts}
HoldQuarantinedMessages {acts}
SPFIgnoreResults true
SPFSelfValidate true
Background false
Syslog false
"""


@dataclass
class PeerVerdict:
    """What they found and did. `fields` are their Authentication-Results. `action` is CUT_OFF where one closed the
    connection, or ended, before it had answered."""

    action: str = "accept"
    fields: list = field(default_factory=list)

    @property
    def results(self):
        return [result for value in self.fields
                for result in auth_results.parse(value.decode("utf-8", "replace")).results]


class PeerMilters:
    """The milters that are named: "opendkim", and "watching" or "acting", which are OpenDMARC. `address`: where the
    name server listens, on port 53; with one of loopback OpenDKIM crashes where many messages come at once."""

    def __init__(self, programs, address, names):
        self._folder = programs.folder
        self._packages = unpacked("peers", programs.cache)
        self._sockets = short_folder()
        self._resolv_conf = self._write("resolv.conf", f"nameserver {address}\noptions timeout:2 attempts:2\n")
        # It finds no organizational domain below a suffix that is not in the list.
        suffixes = self._write("suffixes", Path(PUBLIC_SUFFIXES).read_text(encoding="utf-8") + "\nexample\n")
        # OpenDKIM reads this file for every message, with a parser that bears one thread at a time, so it is there
        # only where there is no other way to that name server.
        resolver = f"Nameservers {address}"
        if ipaddress.ip_address(address).is_loopback:
            resolver = f"ResolverConfiguration {self._write('unbound.conf', UNBOUND_CONF.format(address=address))}"
        commands = {
            "opendkim": self._command("opendkim", "opendkim", OPENDKIM_CONF, ["-f", "-x"], resolver=resolver),
            "watching": self._command("watching", "opendmarc", OPENDMARC_CONF, ["-f", "-c"], suffixes=suffixes,
                                      acts="false"),
            "acting": self._command("acting", "opendmarc", OPENDMARC_CONF, ["-f", "-c"], suffixes=suffixes,
                                    acts="true"),
        }
        self._commands = {name: commands[name] for name in names}
        self.processes = {name: self._start(name) for name in names}

    def _write(self, name, text):
        path = self._folder / f"peers-{name}"
        path.write_text(text, encoding="utf-8")
        return path

    def socket_of(self, name):
        return self._sockets / f"{name}.sock"

    def _command(self, name, program, conf, options, **values):
        path = self._write(f"{name}.conf", conf.format(socket=self.socket_of(name), authserv_id=AUTHSERV_ID,
                                                       **values))
        return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
                str(self._resolv_conf), f"{self._packages}/usr/sbin/{program}", *options, str(path)]

    def _start(self, name):
        self.socket_of(name).unlink(missing_ok=True)
        libraries = self._packages / "usr/lib"
        process = Process(f"peers-{name}", self._commands[name], self._folder,
                          env={"LD_LIBRARY_PATH": f"{libraries}:{libraries}/x86_64-linux-gnu"})
        process.wait_alive(self.socket_of(name).exists, f"{name} to listen")
        return process

    def stop(self):
        for process in self.processes.values():
            process.stop()


class Peers(PeerMilters):
    """OpenDKIM; behind it one OpenDMARC that only watches, as it writes no result of a message that it refuses, and
    one that acts."""

    def __init__(self, programs, address):
        super().__init__(programs, address, ["opendkim", "watching", "acting"])

    def judge(self, message, envelope):
        """Plays a message at OpenDKIM, and with what that adds at both of OpenDMARC; `envelope` as for
        MilterClient.message()."""
        first = self._play("opendkim", message, envelope)
        if not first or action_of(first) != "accept":
            return PeerVerdict(action_of(first) if first else CUT_OFF)
        fields = result_fields(first)
        message = b"".join(b"Authentication-Results:" + value.replace(b"\n", b"\r\n") + b"\r\n"
                           for value in fields) + message
        watched, acted = (self._play(name, message, envelope) for name in ("watching", "acting"))
        if watched:
            fields += result_fields(watched)
        return PeerVerdict(action_of(acted) if acted else CUT_OFF, fields)

    def _play(self, name, message, envelope):
        """The Outcome; None where there was none."""
        try:
            with MilterClient(self.socket_of(name), timeout=30) as client:
                return client.message(message, **envelope)
        except (OSError, MilterClosed):
            if not self.processes[name].running():
                self.processes[name] = self._start(name)
            return None


def result_fields(outcome):
    """The Authentication-Results fields that a milter has inserted."""
    return [value for _, name, value in outcome.inserted if name.lower() == b"authentication-results"]


def action_of(outcome):
    """accept, quarantine, reject or tempfail."""
    if outcome.verdict in ("continue", "accept"):
        return "quarantine" if outcome.quarantined else "accept"
    if outcome.verdict == "reply":
        return "reject" if outcome.reply.startswith("5") else "tempfail"
    return outcome.verdict
