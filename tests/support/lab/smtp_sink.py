"""An SMTP server whose answers a test writes down by recipient: 250, 4xx, 5xx, silence, an end without an
answer.

Every message that came whole is kept, also one whose sender never heard so.
"""

import socketserver
import threading
from dataclasses import dataclass

from lab.process import free_port

ACCEPT = "250 2.0.0 taken"
HANG = "hang"    # no answer to the end of DATA until stop(), or until the client goes away
CLOSE = "close"  # the connection ends where the answer to the end of DATA is due


@dataclass
class Mail:
    """One message that came whole. `answered`: the client was told that it is accepted."""

    mail_from: str
    recipient: str
    message: bytes
    answered: bool


class SmtpSink:
    """Runs until stop(). `script` maps a recipient to the answers that it gets, one an attempt: text that
    begins with 4 or 5 is the answer to RCPT TO, or to the end of DATA where "data " stands before it; when
    they are used up it gets `otherwise`. `on_step(step, recipient)` is called where it is set: "rcpt" before
    the answer to RCPT TO, "taken" when a message is there whole, "answered" behind the answer."""

    def __init__(self, script=None, otherwise=ACCEPT):
        self.script = {recipient: list(answers) for recipient, answers in (script or {}).items()}
        self.otherwise = otherwise
        self.mails = []
        self.attempts = []  # recipients, in order
        self.on_step = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.port = free_port()
        self._server = _Server(("127.0.0.1", self.port), _handler_of(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    @property
    def url(self):
        """For the setting report.smtp."""
        return f"smtp://127.0.0.1:{self.port}"

    def accepted(self, recipient=None):
        """The mails whose senders know that they are accepted."""
        with self._lock:
            return [mail for mail in self.mails if mail.answered and recipient in (None, mail.recipient)]

    def all(self):
        with self._lock:
            return list(self.mails)

    def attempts_for(self, recipient):
        with self._lock:
            return self.attempts.count(recipient)

    def next_answer(self, recipient):
        with self._lock:
            self.attempts.append(recipient)
            answers = self.script.get(recipient)
            return answers.pop(0) if answers else self.otherwise

    def keep(self, mail):
        with self._lock:
            self.mails.append(mail)

    def step(self, name, recipient):
        tell = self.on_step
        if tell:
            tell(name, recipient)

    def hang(self, connection):
        """Until the client goes away or the sink ends."""
        connection.settimeout(0.1)
        while not self._stopping.is_set():
            try:
                if not connection.recv(4096):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def stop(self):
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()


def _handler_of(sink):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            try:
                _Session(sink, self).run()
            except OSError:
                return  # the client went away, as one that is killed does

    return Handler


class _Session:
    """One connection."""

    def __init__(self, sink, handler):
        self._sink = sink
        self._handler = handler
        self._mail_from = ""
        self._recipient = ""
        self._answer = ACCEPT

    def run(self):
        self._say("220 sink.lab.example ESMTP")
        while line := self._handler.rfile.readline():
            command = line.decode("utf-8", "replace").strip()
            verb = command.partition(" ")[0].upper()
            if verb == "QUIT":
                self._say("221 2.0.0 bye")
                return
            if not getattr(self, f"_{verb.lower()}", self._unknown)(command):
                return

    def _say(self, text):
        self._handler.wfile.write(text.encode() + b"\r\n")
        self._handler.wfile.flush()
        return True

    def _unknown(self, _):
        return self._say("502 5.5.2 not here")

    def _ehlo(self, _):
        return self._say("250-sink.lab.example\r\n250-8BITMIME\r\n250-SIZE 100000000\r\n250 PIPELINING")

    def _helo(self, _):
        return self._say("250 sink.lab.example")

    def _rset(self, _):
        return self._say("250 2.0.0 forgotten")

    def _noop(self, _):
        return self._say("250 2.0.0 here")

    def _mail(self, command):
        self._mail_from = _path(command)
        return self._say("250 2.1.0 sender")

    def _rcpt(self, command):
        self._recipient = _path(command)
        self._answer = self._sink.next_answer(self._recipient)
        self._sink.step("rcpt", self._recipient)
        if self._answer[0] in "45":
            return self._say(self._answer)
        return self._say("250 2.1.5 recipient")

    def _data(self, _):
        self._say("354 go on")
        lines = []
        while (line := self._handler.rfile.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                return False  # the client went away in the middle
            lines.append(line[1:] if line.startswith(b".") else line)
        message = b"".join(lines)
        return self._end_of_data(message, self._answer)

    def _end_of_data(self, message, answer):
        if answer.startswith("data "):
            return self._say(answer.removeprefix("data "))
        accepted = answer not in (HANG, CLOSE)
        self._sink.keep(Mail(self._mail_from, self._recipient, message, accepted))
        self._sink.step("taken", self._recipient)
        if answer == HANG:
            self._sink.hang(self._handler.connection)
        if accepted:
            self._say(answer)
            self._sink.step("answered", self._recipient)
        return accepted


def _path(command):
    """What stands between the angle brackets."""
    return command.partition("<")[2].partition(">")[0]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
