"""A private Postfix: several SMTP ports, each with a milter of its own (or none), delivering to one maildir.

It runs from unpacked packages (packages.py) in a folder of its own, with the existing accounts uucp and news
as its owner and group. XCLIENT is allowed from loopback, so that a test can be any client. Needs root.
"""

import grp
import json
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from lab.packages import unpacked
from lab.process import LabError, Process, free_port, wait_for

OWNER = "uucp"
GROUP = "news"
DELIVERS_AS = "nobody"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {run}/spool
data_directory = {run}/data
command_directory = {pkg}/usr/sbin
daemon_directory = {pkg}/usr/lib/postfix/sbin
shlib_directory = {pkg}/usr/lib/postfix
meta_directory = {pkg}/etc/postfix
sendmail_path = {pkg}/usr/sbin/sendmail
mailq_path = {pkg}/usr/bin/mailq
newaliases_path = {pkg}/usr/bin/newaliases
manpage_directory = {pkg}/usr/share/man
html_directory = no
readme_directory = no
sample_directory = no
mail_owner = {owner}
setgid_group = {group}
default_privs = {delivers_as}
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH={pkg}/usr/lib/postfix
maillog_file = {run}/maillog
maillog_file_prefixes = {run}
myhostname = mx.lab.example
mydomain = lab.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = all
virtual_mailbox_domains = lab.example
virtual_mailbox_base = {run}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
mailbox_size_limit = 0
message_size_limit = 0
header_size_limit = 4000000
line_length_limit = 2048
alias_maps =
alias_database =
local_recipient_maps =
smtp_dns_support_level = disabled
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_recipient_restrictions = permit_mynetworks, permit_auth_destination, reject
smtpd_client_connection_count_limit = 0
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10000
smtpd_error_sleep_time = 0
smtputf8_enable = yes
strict_smtputf8 = no
smtpd_sasl_auth_enable = no
remote_header_rewrite_domain =
always_add_missing_headers = no
local_header_rewrite_clients =
non_smtpd_milters =
milter_default_action = tempfail
milter_protocol = 6
milter_connect_timeout = 20s
milter_command_timeout = 60s
milter_content_timeout = 120s
smtpd_authorized_xclient_hosts = 127.0.0.1
enable_long_queue_ids = yes
in_flow_delay = 0
"""

MASTER_CF = """\
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """`milters` maps a name of the test's choice to a milter in Postfix's notation (None: no milter).

    `port(name)` is the SMTP port that hands its mail to that milter. `more_main_cf` are lines for main.cf,
    where the last one that sets a parameter counts.
    """

    def __init__(self, folder, cache, milters, more_main_cf=""):
        if os.geteuid() != 0:
            raise LabError("the private Postfix needs root")
        self.folder = Path(folder) / "postfix"
        self._packages = unpacked("postfix", cache)
        self._ports = {name: free_port() for name in milters}
        self._write(milters, more_main_cf)
        self._env = {"LD_LIBRARY_PATH": str(self._packages / "usr/lib/postfix"),
                     "MAIL_CONFIG": str(self._etc)}
        self._run_tool("postfix", "check")
        self.process = Process("postfix", [str(self._packages / "usr/lib/postfix/sbin/master"), "-d",
                                           "-c", str(self._etc)], folder, env=self._env)
        for port in self._ports.values():
            self.process.wait_for_port(port)

    def port(self, name):
        return self._ports[name]

    def _write(self, milters, more_main_cf):
        self._etc = self.folder / "etc"
        account = pwd.getpwnam(DELIVERS_AS)
        self.inbox = self.folder / "mail/inbox"
        for path in (self._etc, self.folder / "spool", self.folder / "data", self.folder / "mail"):
            path.mkdir(parents=True)
        for path in (self.folder, self._etc, self.folder / "spool"):
            path.chmod(0o755)
        shutil.chown(self.folder / "data", OWNER)
        os.chown(self.folder / "mail", account.pw_uid, account.pw_gid)
        for name in ("post-install", "postfix-script", "postfix-files"):
            for source in (self._packages / "etc/postfix" / name,
                           self._packages / "usr/lib/postfix/sbin" / name,
                           self._packages / "usr/share/postfix" / name):
                if source.exists():
                    shutil.copy(source, self._etc)
        grp.getgrnam(GROUP)
        (self._etc / "main.cf").write_text(MAIN_CF.format(
            run=self.folder, pkg=self._packages, owner=OWNER, group=GROUP, delivers_as=DELIVERS_AS,
            uid=account.pw_uid, gid=account.pw_gid) + more_main_cf)
        services = [f"127.0.0.1:{self._ports[name]} inet n - n - - smtpd -o smtpd_milters={milter or ''}\n"
                    for name, milter in milters.items()]
        (self._etc / "master.cf").write_text("".join(services) + MASTER_CF)

    def _run_tool(self, tool, *arguments):
        env = {**os.environ, **self._env}
        done = subprocess.run([str(self._packages / "usr/sbin" / tool), "-c", str(self._etc), *arguments],
                              env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"{tool} {' '.join(arguments)}: {done.stdout}{done.stderr}{self.log()[-2000:]}")
        return done.stdout

    def queue(self):
        """The queue as postqueue shows it: one dict a message, with queue_id, queue_name (hold, deferred,
        …)."""
        return [json.loads(line) for line in self._run_tool("postqueue", "-j").splitlines()]

    def held(self, queue_id):
        return any(entry["queue_id"] == queue_id and entry["queue_name"] == "hold" for entry in self.queue())

    def held_message(self, queue_id):
        """The text of a message that lies in the queue."""
        env = {**os.environ, **self._env}
        done = subprocess.run([str(self._packages / "usr/sbin/postcat"), "-c", str(self._etc), "-bhq",
                               queue_id],
                              env=env, capture_output=True, check=True)
        return done.stdout

    def delivered(self, queue_id):
        """The text of the message in the maildir, found by the queue id in its Received field; None while
        absent."""
        needle = f" id {queue_id}".encode()
        for path in sorted((self.inbox / "new").glob("*"), key=lambda entry: entry.stat().st_mtime,
                           reverse=True):
            text = path.read_bytes()
            if needle in text.partition(b"\n\n")[0]:
                return text
        return None

    def wait_delivered(self, queue_id):
        return wait_for(lambda: self.delivered(queue_id), f"delivery of {queue_id}")

    def log(self):
        path = self.folder / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        self.process.stop()
