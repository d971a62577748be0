"""A private Sendmail with one milter, delivering to files; from unpacked packages, in a folder of its own.

Sendmail waits for a minute at start where the host's name has no dot. It therefore gets a name of its own in
its own UTS namespace where the kernel allows one, and patience where it does not. Needs root.
"""

import os
import subprocess
import time
from pathlib import Path

from lab.packages import unpacked
from lab.process import LabError, Process, free_port, wait_for

SENDMAIL_MC = """\
divert(-1)
include(`{pkg}/usr/share/sendmail/cf/m4/cf.m4')
divert(0)dnl
VERSIONID(`lab')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME',`mx.lab.example')dnl
define(`confDONT_PROBE_INTERFACES',`true')dnl
define(`QUEUE_DIR',`{run}/mqueue')dnl
define(`confPID_FILE',`{run}/sendmail.pid')dnl
define(`STATUS_FILE',`{run}/statistics')dnl
define(`confHOST_STATUS_DIRECTORY',`{run}/hoststat')dnl
define(`ALIAS_FILE',`{run}/etc/aliases')dnl
define(`confCONTROL_SOCKET_NAME',`')dnl
define(`confDEF_USER_ID',`nobody:nogroup')dnl
define(`confDONT_BLAME_SENDMAIL',`truststickybit,groupwritabledirpathsafe')dnl
define(`confTRUSTED_USER',`root')dnl
define(`confSERVICE_SWITCH_FILE',`{run}/etc/service.switch')dnl
define(`confHOSTS_FILE',`/etc/hosts')dnl
define(`confTO_IDENT',`0s')dnl
define(`confMILTER_LOG_LEVEL',`14')dnl
define(`confLOG_LEVEL',`14')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`nocanonify')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port={port}, Family=inet')dnl
INPUT_MAIL_FILTER(`defender',`S={milter}, F=T, T=S:1m;R:1m;E:5m')dnl
define(`LOCAL_MAILER_PATH',`{run}/etc/deliver.sh')dnl
define(`LOCAL_MAILER_ARGS',`deliver.sh $u')dnl
MODIFY_MAILER_FLAGS(`LOCAL',`-w5A:|@/')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
LOCAL_CONFIG
Cwlab.example mx.lab.example
"""

DELIVER_SH = """\
#!/bin/sh
# A whole file appears at once under its final name.
half=$(mktemp {run}/mail/.XXXXXXXX) && cat > "$half" && mv "$half" "{run}/mail/${{half##*/.}}"
"""


class Sendmail:
    """`milter` is in Sendmail's notation: inet:PORT@127.0.0.1 or local:PATH."""

    def __init__(self, folder, cache, milter):
        if os.geteuid() != 0:
            raise LabError("the private Sendmail needs root")
        self.folder = Path(folder) / "sendmail"
        self._packages = unpacked("sendmail", cache)
        self.port = free_port()
        self._write(milter)
        libraries = next((self._packages / "usr/lib").glob("*-linux-gnu"))
        command = [str(self._packages / "usr/libexec/sendmail/sendmail"),
                   "-C", str(self.folder / "etc/sendmail.cf"), "-bD", "-X", str(self.folder / "transcript")]
        if subprocess.run(["unshare", "--uts", "true"], capture_output=True, check=False).returncode == 0:
            command = ["unshare", "--uts", "sh", "-c", 'hostname mx.lab.example; exec "$@"', "sh", *command]
        self.process = Process("sendmail", command, folder, env={"LD_LIBRARY_PATH": str(libraries)})
        time_allowed = time.monotonic() + 120
        while True:
            try:
                self.process.wait_for_port(self.port)
                break
            except LabError:
                if not self.process.running() or time.monotonic() > time_allowed:
                    raise

    def _write(self, milter):
        for name in ("etc", "hoststat", "mqueue", "mail"):
            (self.folder / name).mkdir(parents=True)
        for path in (self.folder, self.folder / "etc"):
            path.chmod(0o755)
        (self.folder / "mqueue").chmod(0o700)
        (self.folder / "mail").chmod(0o1777)
        deliver = self.folder / "etc/deliver.sh"
        deliver.write_text(DELIVER_SH.format(run=self.folder))
        deliver.chmod(0o755)
        (self.folder / "etc/service.switch").write_text("hosts files\naliases files\n")
        (self.folder / "etc/aliases").write_text("")
        mc = self.folder / "etc/sendmail.mc"
        mc.write_text(SENDMAIL_MC.format(pkg=self._packages, run=self.folder, port=self.port, milter=milter))
        with open(self.folder / "etc/sendmail.cf", "wb") as cf:
            subprocess.run(["m4", str(mc)], stdout=cf, check=True)

    def delivered(self, needle):
        """The text of the delivered message that holds `needle`; None while absent."""
        for path in (self.folder / "mail").glob("[!.]*"):
            text = path.read_bytes()
            if needle.encode() in text:
                return text
        return None

    def wait_delivered(self, needle):
        return wait_for(lambda: self.delivered(needle), f"delivery of {needle!r} by Sendmail")

    def log(self):
        path = self.folder / "transcript"
        return self.process.log() + (path.read_text(errors="replace")[-8000:] if path.exists() else "")

    def stop(self):
        self.process.stop()
