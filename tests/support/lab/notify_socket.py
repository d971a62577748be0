"""The service manager's end of sd_notify(3): a socket that a program tells its states to."""

import os
import socket
import time

from lab.process import PATIENCE, LabError, short_folder


class NotifySocket:
    """A context; `env` is what a program is started with. With `watchdog` (seconds) it is told that a service
    manager would restart it after that time without WATCHDOG=1."""

    def __init__(self, watchdog=None):
        path = short_folder() / "notify.sock"
        self.env = {"NOTIFY_SOCKET": str(path)}
        if watchdog:
            self.env["WATCHDOG_USEC"] = str(int(watchdog * 1_000_000))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o666)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def wait_for(self, wanted, seconds=PATIENCE):
        """Takes what comes until the wanted state does; gives those before it."""
        before = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                states = self._socket.recv(4096).decode().splitlines()
            except TimeoutError:
                break
            if wanted in states:
                return before
            before += states
        raise LabError(f"waited {seconds:.0f} s in vain for {wanted}; came {before[-20:]}")
