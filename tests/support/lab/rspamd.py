"""Debian's rspamd, unpacked (packages.py) and not installed, as one milter that does what Defender does and no more.

Its proxy worker scans by itself, as rspamd's manual has it for small hosts; SPF, DKIM and DMARC are its only modules,
besides the one that writes Authentication-Results. It keeps no record of a message (that would need Redis).
"""

import os

from lab.packages import unpacked
from lab.process import Process, short_folder

CONF = """\
options {{
    filters = "dkim";
    url_tld = "{share}/effective_tld_names.dat";
    cache_file = "{state}/symbols.cache";
    hs_cache_dir = "{state}/";
    tempdir = "{state}";
    control_socket = "{state}/control.sock mode=0600";
    pidfile = "{state}/rspamd.pid";
    local_addrs = [];
    explicit_modules = ["settings"];
    dns {{ nameserver = ["{address}:53"]; timeout = 2s; sockets = 16; retransmits = 2; }}
}}
logging {{ type = "file"; filename = "{state}/rspamd.log"; level = "warning"; }}
worker "rspamd_proxy" {{
    bind_socket = "{socket} mode=0666";
    milter = yes;
    timeout = 120s;
    count = {workers};
    upstream "local" {{ default = yes; self_scan = yes; }}
}}
worker "normal" {{ enabled = false; count = 0; bind_socket = "localhost:11333"; }}
worker "controller" {{ enabled = false; count = 0; bind_socket = "localhost:11334"; }}
lua = "{share}/rules/rspamd.lua";
modules {{
    path = "{share}/plugins/spf.lua";
    path = "{share}/plugins/dmarc.lua";
    path = "{share}/plugins/milter_headers.lua";
}}
dkim {{ }}
spf {{ }}
dmarc {{ }}
arc {{ enabled = false; }}
milter_headers {{ use = ["authentication-results"]; skip_local = false; skip_authenticated = false; }}
actions {{ reject = 10000; add_header = 5000; greylist = 4000; }}
"""


class Rspamd:
    """`address`: where the name server listens, on port 53."""

    def __init__(self, programs, address):
        root = unpacked("rspamd", programs.cache)
        folder = short_folder()
        self.socket_path = folder / "rspamd.sock"
        state = programs.folder / "rspamd"
        state.mkdir(exist_ok=True)
        share = root / "usr/share/rspamd"
        conf = state / "rspamd.conf"
        conf.write_text(CONF.format(share=share, state=state, address=address, socket=self.socket_path,
                                    workers=os.cpu_count()), encoding="utf-8")
        libraries = root / "usr/lib"
        self.process = Process(
            "rspamd", [f"{root}/usr/bin/rspamd", "-f", "-i", "-c", str(conf)], programs.folder,
            env={"LD_LIBRARY_PATH": f"{libraries}/x86_64-linux-gnu:{libraries}/rspamd", "SHAREDIR": str(share),
                 "PLUGINSDIR": f"{share}/plugins", "RULESDIR": f"{share}/rules", "LUALIBDIR": f"{share}/lualib",
                 "CONFDIR": str(state), "LOCAL_CONFDIR": str(state), "DBDIR": str(state), "RUNDIR": str(state),
                 "LOGDIR": str(state), "WWWDIR": f"{share}/www"})
        self.process.wait_alive(self.socket_path.exists, "rspamd to listen")

    def stop(self):
        self.process.stop()
