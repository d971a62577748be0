"""The MTA's side of the milter protocol, version 6: one connection, any message, every answer collected.

Octets go to the milter as they are given, so that a test can send what no MTA would.
"""

import socket
import struct
from dataclasses import dataclass, field

SMFI_VERSION = 6
ALL_ACTIONS = 0x1ff
ALL_PROTOCOL = 0x1fffff

# Protocol flags: steps not wanted, and steps that get no reply.
NO_STEP = {"C": 0x01, "H": 0x02, "M": 0x04, "R": 0x08, "B": 0x10, "L": 0x20, "N": 0x40, "U": 0x100,
           "T": 0x200}
NO_REPLY = {"L": 0x80, "C": 0x1000, "H": 0x2000, "M": 0x4000, "R": 0x8000, "T": 0x10000, "U": 0x20000,
            "N": 0x40000, "B": 0x80000}
LEADING_SPACE = 0x100000
FINAL = {b"a": "accept", b"c": "continue", b"d": "discard", b"r": "reject", b"t": "tempfail", b"y": "reply",
         b"s": "skip"}


class MilterClosed(Exception):
    """The milter closed the connection."""


@dataclass
class Outcome:
    """What the milter answered: to the step that ended the message, and the changes that it asked for."""

    verdict: str
    reply: str = ""
    inserted: list = field(default_factory=list)    # (index, name, value)
    added: list = field(default_factory=list)       # (name, value)
    changed: list = field(default_factory=list)     # (index, name, value); an empty value deletes
    quarantined: str = ""
    progress: int = 0

    def header(self, name):
        """The value of the one field of that name that was inserted; None where there is none."""
        found = [value for _, field_name,
                 value in self.inserted if field_name.lower() == name.lower().encode()]
        return found[0] if found else None


class MilterClient:
    def __init__(self, address, timeout=60, actions=ALL_ACTIONS, protocol=ALL_PROTOCOL, version=SMFI_VERSION):
        """`address`: ("127.0.0.1", port), or the path of a unix socket."""
        if isinstance(address, tuple):
            self._socket = socket.create_connection(address, timeout=timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(timeout)
            self._socket.connect(str(address))
        self._file = self._socket.makefile("rb")
        self._send(b"O", struct.pack(">III", version, actions, protocol))
        command, data = self._receive()
        if command != b"O":
            raise MilterClosed(f"the milter answered the negotiation with {command!r}")
        self.version, self.actions, self.protocol = struct.unpack(">III", data[:12])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self._send(b"Q")
        except OSError:
            pass
        self._file.close()
        self._socket.close()

    def drop(self):
        """Goes away without a word, as a killed MTA does."""
        self._file.close()
        self._socket.close()

    def is_closed(self):
        """Waits for the milter to close the connection; false where it answers instead."""
        try:
            return not self._file.read(1)
        except ConnectionError:
            return True

    def send(self, command, data=b""):
        """Any packet, without waiting for an answer."""
        self._send(command, data)

    def _send(self, command, data=b""):
        self._socket.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def _receive(self):
        head = self._file.read(4)
        if len(head) < 4:
            raise MilterClosed("the milter closed the connection")
        packet = self._file.read(struct.unpack(">I", head)[0])
        return packet[:1], packet[1:]

    def _step(self, command, data=b"", macros=None):
        """Sends a step where it is wanted; None where no answer is due or the answer is `continue`."""
        letter = command.decode()
        if self.protocol & NO_STEP.get(letter, 0):
            return None
        if macros:
            # A macro never has a NUL in it: libmilter would read on behind a list that is not of pairs.
            self._send(b"D", command + b"".join(_text(name) + b"\0" + _text(value).partition(b"\0")[0] + b"\0"
                                                for name, value in macros.items()))
        self._send(command, data)
        if self.protocol & NO_REPLY.get(letter, 0):
            return None
        outcome = self._answer()
        return None if outcome.verdict == "continue" else outcome

    def _answer(self):
        outcome = Outcome("")
        while True:
            command, data = self._receive()
            if command in FINAL:
                outcome.verdict = FINAL[command]
                outcome.reply = data.rstrip(b"\0").decode("utf-8", "replace") if command == b"y" else ""
                return outcome
            self._collect(outcome, command, data)

    @staticmethod
    def _collect(outcome, command, data):
        if command in (b"i", b"m"):
            index = struct.unpack(">I", data[:4])[0]
            name, value = data[4:].split(b"\0")[:2]
            (outcome.inserted if command == b"i" else outcome.changed).append((index, name, value))
        elif command == b"h":
            outcome.added.append(tuple(data.split(b"\0")[:2]))
        elif command == b"q":
            outcome.quarantined = data.rstrip(b"\0").decode("utf-8", "replace")
        elif command == b"p":
            outcome.progress += 1

    def connect(self, ip="192.0.2.1", name="client.example", port=54321):
        family = b"6" if ":" in ip else b"4"
        data = _text(name) + b"\0" + family + struct.pack(">H", port) + _text(ip) + b"\0"
        return self._step(b"C", data, {"j": "mx.lab.example", "{daemon_name}": "lab", "v": "lab"})

    def connect_local(self, name="localhost"):
        """A client that is no IP client (family unknown)."""
        return self._step(b"C", _text(name) + b"\0U")

    def helo(self, name):
        return self._step(b"H", _text(name) + b"\0")

    def mail(self, sender, *parameters, login=None, queue_id=None):
        macros = {"{mail_addr}": _text(sender).strip(b"<>")}
        if login:
            macros.update({"{auth_authen}": login, "{auth_type}": "PLAIN"})
        if queue_id:
            macros["i"] = queue_id
        return self._step(b"M", b"\0".join([_text(sender), *map(_text, parameters)]) + b"\0", macros)

    def rcpt(self, recipient, queue_id=None):
        return self._step(b"R", _text(recipient) + b"\0", {"i": queue_id} if queue_id else None)

    def data(self, queue_id=None):
        return self._step(b"T", macros={"i": queue_id} if queue_id else None)

    def header(self, name, value):
        """`value` is what stands behind the colon, with its leading blank and LF line ends, as Postfix gives
        it."""
        if not self.protocol & LEADING_SPACE and value[:1] == b" ":
            value = value[1:]
        return self._step(b"L", _text(name) + b"\0" + value + b"\0")

    def end_of_headers(self, queue_id=None):
        return self._step(b"N", macros={"i": queue_id} if queue_id else None)

    def body(self, octets):
        for at in range(0, len(octets), 65535):
            answer = self._step(b"B", octets[at:at + 65535])
            if answer:
                return answer if answer.verdict != "skip" else None
        return None

    def abort(self):
        self._send(b"A")

    def send_end_of_message(self, queue_id=None):
        """Sends the end of the message without waiting for the answer; read_answer() gives it."""
        if queue_id:
            self._send(b"D", b"Ei\0" + _text(queue_id) + b"\0")
        self._send(b"E")

    def read_answer(self):
        return self._answer()

    def end_of_message(self, queue_id=None):
        self.send_end_of_message(queue_id)
        return self._answer()

    def message_until_end(self, message, *, queue_id, mail_from="", ip="192.0.2.1", helo="client.example",
                          name="[unavailable]", login=None, connected=False, recipient="user@lab.example"):
        """Everything before the end of the message; an Outcome where the milter ended it earlier. Names may
        be text or octets."""
        steps = [] if connected else [lambda: self.connect(ip, name), lambda: self.helo(helo)]
        steps += [lambda: self.mail(b"<" + _text(mail_from) + b">", login=login, queue_id=queue_id),
                  lambda: self.rcpt(b"<" + _text(recipient) + b">", queue_id), lambda: self.data(queue_id)]
        head, _, body = message.partition(b"\r\n\r\n")
        for field_name, value in _fields(head):
            steps.append(lambda n=field_name, v=value: self.header(n, v))
        steps += [lambda: self.end_of_headers(queue_id), lambda: self.body(body)]
        for step in steps:
            answer = step()
            if answer:
                return answer
        return None

    def message(self, message, *, queue_id, **options):
        """A whole message; its Outcome."""
        early = self.message_until_end(message, queue_id=queue_id, **options)
        return early or self.end_of_message(queue_id)


def _text(value):
    return value if isinstance(value, bytes) else value.encode()


def _fields(head):
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b"\n" + line)
        elif line:
            name, _, value = line.partition(b":")
            fields.append((name, value))
    return fields
