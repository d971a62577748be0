"""A name server whose answers a test writes down: records, silence, delay, SERVFAIL; over UDP and TCP.

`ScriptedDns.answer` is called for every question, on a thread of its own, and gives an Answer. A name server
that stays silent or slow is as easy to have as one that answers. `ScriptedDns.faults` is what is bad about
all of its answers, whatever they say: the network's part.
"""

import socket
import socketserver
import threading
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from lab.process import free_port


@dataclass
class Answer:
    """What to reply. `records` are rdata texts of the type asked for, or (name, type, rdata text) tuples."""

    rcode: str = "NOERROR"
    records: list = field(default_factory=list)
    silent: bool = False
    delay: float = 0.0


@dataclass
class Faults:
    """How the way of every answer is bad; the answers themselves stay true."""

    delay: float = 0.0
    truncated: bool = False  # nothing fits into a datagram, so TCP has to be used
    forged: list = field(default_factory=list)  # (type, rdata text): what a forger wants believed
    only_forged: bool = False  # the true answer never comes
    beside: list = field(default_factory=list)  # (name, type, rdata text): records that nobody asked for


class Table:
    """Answers from a dict {(name, type): [rdata text, …]}; names in lower case without the last dot.

    A name that is there, or has names below it, but not with this type is NODATA; any other is NXDOMAIN.
    CNAME entries are put into the answer and followed.
    """

    def __init__(self, records):
        self._records = {(name.lower().rstrip("."), kind): list(values) for (name, kind),
                         values in records.items()}
        self._names = set()
        for name, _ in self._records:
            while name:
                self._names.add(name)
                name = name.partition(".")[2]

    def __call__(self, name, kind):
        found = []
        for _ in range(12):
            if (name, kind) in self._records:
                return Answer(records=found + [(name, kind, text) for text in self._records[name, kind]])
            alias = self._records.get((name, "CNAME"))
            if not alias:
                break
            found.append((name, "CNAME", alias[0]))
            name = alias[0].lower().rstrip(".")
        return Answer(rcode="NOERROR" if name in self._names or found else "NXDOMAIN", records=found)


def quoted(text):
    """A TXT rdata text: strings of at most 255 octets, quoted for a zone file."""
    octets = text if isinstance(text, bytes) else text.encode()
    pieces = [octets[at:at + 255] for at in range(0, len(octets), 255)] or [b""]
    return " ".join('"' + "".join(_escape(octet) for octet in piece) + '"' for piece in pieces)


def _escape(octet):
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7f else f"\\{octet:03d}"


class ScriptedDns:
    """Runs until stop(). `answer` may be replaced at any time; `asked` lists (name, type) in order,
    `forgeries` counts the packets that came before the true ones, and `over_tcp` the answers over TCP. Without a
    `port` it takes a free one."""

    def __init__(self, answer, faults=None, address="127.0.0.1", port=None):
        self.answer = answer
        self.faults = faults or Faults()
        self.forgeries = 0
        self.over_tcp = 0
        self.asked = []
        self.address = address
        self.port = port or free_port()
        self._released = threading.Event()
        handler = self._handler_class
        self._udp = _Udp((address, self.port), handler(datagram=True))
        self._tcp = _Tcp((address, self.port), handler(datagram=False))
        for server in (self._udp, self._tcp):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self._released.set()
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def _handler_class(self, datagram):
        dns_server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                if datagram:
                    data, sock = self.request
                    reply = dns_server.reply(data, 0 if dns_server.faults.truncated else 1232)
                    if reply:
                        for packet in dns_server.forged_replies(data):
                            sock.sendto(packet, self.client_address)
                        if not dns_server.faults.only_forged:
                            sock.sendto(reply, self.client_address)
                    return
                while True:
                    head = _read(self.request, 2)
                    data = head and _read(self.request, int.from_bytes(head, "big"))
                    if not data:
                        return
                    reply = dns_server.reply(data, 65535)
                    if reply:
                        dns_server.over_tcp += 1
                        self.request.sendall(len(reply).to_bytes(2, "big") + reply)

        return Handler

    def reply(self, data, limit):
        """The packet to send back; None for silence."""
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        question = query.question[0]
        name = raw_text(question.name)
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        answer = self.answer(name, kind)
        if answer.silent:
            return None
        if answer.delay or self.faults.delay:
            self._released.wait(answer.delay + self.faults.delay)
        response = dns.message.make_response(query, recursion_available=True)
        response.set_rcode(dns.rcode.from_text(answer.rcode))
        self._fill(response, question, kind, answer.records + self.faults.beside)
        wire = response.to_wire(max_size=65535)
        if len(wire) <= limit:
            return wire
        short = dns.message.make_response(query, recursion_available=True)
        short.flags |= dns.flags.TC
        return short.to_wire()

    def forged_replies(self, data):
        """What a forger sends who does not see the question: the lie under another id, and as the answer to
        another question; and octets that are no packet."""
        if not self.faults.forged:
            return []
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        lies = [text for lie_kind, text in self.faults.forged if lie_kind == kind]
        packets = [data[:2] + b"\xff" * 20]
        for change in (self._other_id, self._other_question):
            lie = dns.message.make_response(query, recursion_available=True)
            self._fill(lie, question, kind, lies)
            packets.append(change(lie))
        self.forgeries += len(packets)
        return packets

    @staticmethod
    def _other_id(lie):
        lie.id ^= 0x5a5a
        return lie.to_wire()

    @staticmethod
    def _other_question(lie):
        question = lie.question[0]
        other = dns.name.Name((b"other",) + question.name.labels[1:])
        lie.question = [dns.rrset.RRset(other, question.rdclass, question.rdtype)]
        return lie.to_wire()

    @staticmethod
    def _fill(response, question, kind, records):
        for record in records:
            name, record_kind, text = record if isinstance(record, tuple) else (None, kind, record)
            asked = name is None or name == raw_text(question.name)
            owner = question.name if asked else dns.name.from_text(name)  # in the question's spelling
            rdata = dns.rdata.from_text(dns.rdataclass.IN, record_kind, text, origin=dns.name.root,
                                       relativize=False)
            rrset = response.find_rrset(response.answer, owner, dns.rdataclass.IN, rdata.rdtype, create=True)
            rrset.add(rdata, 300)


def raw_text(name):
    """A name as text, lower case, without the last dot; octets that are not letters stay as they are."""
    return b".".join(label.lower() for label in name.labels if label).decode("latin-1")


def _read(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 65535
    allow_reuse_address = False


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    address_family = socket.AF_INET
