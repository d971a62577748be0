"""A policy service for Postfix (SMTPD_POLICY_README) whose answers a test writes down by recipient."""

import socketserver
import threading

from lab.process import free_port

HANG = "hang"  # no answer until stop()


class PolicyService:
    """Runs until stop(). `script` maps a recipient to answers, one a question, such as "451 4.2.0 later";
    other recipients, and those whose answers are used up, are left to Postfix."""

    def __init__(self, script):
        self._script = {recipient: list(answers) for recipient, answers in script.items()}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.port = free_port()
        self._server = _Server(("127.0.0.1", self.port), self._handler())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    @property
    def for_postfix(self):
        return f"check_policy_service inet:127.0.0.1:{self.port}"

    def answer(self, recipient):
        with self._lock:
            answers = self._script.get(recipient)
            return answers.pop(0) if answers else "DUNNO"

    def _handler(self):
        service = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                attributes = {}
                while line := self.rfile.readline():
                    name, _, value = line.decode("utf-8", "replace").rstrip("\n").partition("=")
                    if name:
                        attributes[name] = value
                        continue
                    answer = service.answer(attributes.get("recipient", ""))
                    if answer == HANG:
                        service.wait_for_end()
                        return
                    self.wfile.write(f"action={answer}\n\n".encode())
                    attributes = {}

        return Handler

    def wait_for_end(self):
        self._stopping.wait()

    def stop(self):
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
