"""A private Knot DNS that serves one zone file as the root, so that every name has an answer."""

import signal
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from lab.process import Process, free_port, short_folder, wait_for

KNOT_CONF = """\
server:
    listen: {address}@{port}
    rundir: {run}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {run}/db
control:
    listen: {control}
log:
  - target: stderr
    any: info
zone:
  - domain: .
    file: {zone}
    zonefile-sync: -1
    journal-content: none
"""


class Knot:
    def __init__(self, folder, zone_text, address="127.0.0.1", port=None):
        """On a free port unless one is given."""
        run = Path(folder) / "knot"
        (run / "db").mkdir(parents=True)
        self._zone = run / "root.zone"
        self._zone.write_text(zone_text)
        self.address = address
        self.port = port or free_port()
        conf = run / "knot.conf"
        conf.write_text(KNOT_CONF.format(address=address, port=self.port, run=run, zone=self._zone,
                                         control=short_folder() / "knot.sock"))
        self.process = Process("knotd", ["/usr/sbin/knotd", "-c", str(conf)], folder)
        self.process.wait_for_port(self.port, address)
        wait_for(self._serves, "Knot to serve the zone")

    def load(self, zone_text, serial):
        """Serves another zone from now on; its SOA has this serial, greater than the one before."""
        self._zone.write_text(zone_text)
        self.process.send(signal.SIGHUP)
        wait_for(lambda: self._serves() == serial, "Knot to serve the new zone")

    def _serves(self):
        """The serial of the zone served; None while there is none."""
        try:
            answer = dns.query.udp(dns.message.make_query(".", "SOA"), self.address, port=self.port, timeout=1)
        except (dns.exception.DNSException, OSError):
            return None
        return answer.answer[0][0].serial if answer.answer else None

    def stop(self):
        self.process.stop()
