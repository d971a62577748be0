"""Debian's OpenDKIM and OpenDMARC, unpacked (packages.py) and not installed, as two milters one behind the other.

Both ask the name server of the test alone: each runs in a mount namespace of its own in which /etc/resolv.conf
names that server, for neither takes a port. OpenDMARC checks SPF itself (SPFSelfValidate) and has the list of
public suffixes; what else is set below makes their actions comparable, all the rest is as shipped. Needs root.
"""

from dataclasses import dataclass, field

from lab import auth_results
from lab.milter_client import MilterClient, MilterClosed
from lab.packages import unpacked
from lab.process import Process, short_folder

AUTHSERV_ID = "mx.lab.example"
PUBLIC_SUFFIXES = "/usr/share/publicsuffix/public_suffix_list.dat"

OPENDKIM_CONF = """\
Mode v
Socket local:{socket}
AuthservID {authserv_id}
AlwaysAddARHeader yes
ResolverConfiguration {resolver}
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
RejectFailures true
HoldQuarantinedMessages true
SPFIgnoreResults true
SPFSelfValidate true
Background false
Syslog false
"""


@dataclass
class PeerVerdict:
    """What the two found and did. `results` are those of both, in the order of their fields; `died` names the
    one that ended while it had the message."""

    action: str = "accept"
    results: list = field(default_factory=list)
    died: str = ""


class Peers:
    """`address`: where the name server listens, on port 53."""

    def __init__(self, programs, address):
        self._programs = programs
        self._packages = unpacked("peers", programs.cache)
        self._sockets = short_folder()
        self._resolv_conf = self._write("resolv.conf", f"nameserver {address}\noptions timeout:2 attempts:2\n")
        resolver = self._write("unbound.conf", UNBOUND_CONF.format(address=address))
        common = {"authserv_id": AUTHSERV_ID, "resolver": resolver, "suffixes": PUBLIC_SUFFIXES}
        self._peers = {}
        for name, text, options in (("opendkim", OPENDKIM_CONF, ["-f", "-x"]),
                                    ("opendmarc", OPENDMARC_CONF, ["-f", "-c"])):
            conf = self._write(f"{name}.conf", text.format(socket=self._socket(name), **common))
            self._peers[name] = [f"{self._packages}/usr/sbin/{name}", *options, str(conf)]
        self._processes = {name: self._start(name) for name in self._peers}

    def _write(self, name, text):
        path = self._programs.folder / name
        path.write_text(text)
        return path

    def _socket(self, name):
        return self._sockets / f"{name}.sock"

    def _start(self, name):
        self._socket(name).unlink(missing_ok=True)
        command = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
                   str(self._resolv_conf), *self._peers[name]]
        libraries = self._packages / "usr/lib"
        process = Process(name, command, self._programs.folder,
                          env={"LD_LIBRARY_PATH": f"{libraries}:{libraries}/x86_64-linux-gnu"})
        process.wait_alive(self._socket(name).exists, f"{name} to listen")
        return process

    def judge(self, message, envelope):
        """Plays a message at OpenDKIM, and what that makes of it at OpenDMARC; `envelope` as for
        MilterClient.message()."""
        verdict = PeerVerdict()
        for name in self._peers:
            try:
                with MilterClient(self._socket(name), timeout=30) as client:
                    outcome = client.message(message, **envelope)
            except (OSError, MilterClosed):
                verdict.died, verdict.action = name, "accept"
                self._processes[name] = self._restarted(name)
                return verdict
            fields = [value for index, field_name, value in outcome.inserted
                      if field_name.lower() == b"authentication-results"]
            verdict.results += [result for value in fields for result in auth_results.parse(value).results]
            verdict.action = action_of(outcome)
            if verdict.action != "accept":
                return verdict
            message = b"".join(b"Authentication-Results:" + value.replace(b"\n", b"\r\n") + b"\r\n"
                               for value in fields) + message
        return verdict

    def _restarted(self, name):
        self._processes[name].kill()
        return self._start(name)

    def stop(self):
        for process in self._processes.values():
            process.stop()


def action_of(outcome):
    """accept, quarantine, reject or tempfail."""
    if outcome.verdict == "reply":
        return "reject" if outcome.reply.startswith("5") else "tempfail"
    if outcome.verdict == "continue" or outcome.verdict == "accept":
        return "quarantine" if outcome.quarantined else "accept"
    return outcome.verdict
