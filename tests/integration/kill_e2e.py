#!/usr/bin/python3
"""The milter is killed at random moments under load; afterwards every message that Postfix took has its
record.

Postfix answers 4xx while the milter is away (milter_default_action = tempfail), so a 250 means that the
milter had answered, and the milter answers only when the record is on disk. A client that hears 4xx sends
again.
"""

import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab import smtp  # noqa: E402
from lab.knot import Knot  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.postfix import Postfix  # noqa: E402
from lab.runner import Suite, expect, programs_from_arguments  # noqa: E402
from lab.zones import GOOD_IP, Keys, lab_zone  # noqa: E402
from messages import plain, signed  # noqa: E402

CLIENTS = 8


class Load:
    """Clients that send until told to stop, and what Postfix told them."""

    def __init__(self, port, keys):
        self._port = port
        self._messages = [signed(keys), plain(), plain("a@none.example")]
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.accepted = []
        self.answers = {}
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, number):
        while not self._stop.is_set():
            message = self._messages[number % len(self._messages)]
            try:
                reply = smtp.send(self._port, message, mail_from="ann@good.example", ip=GOOD_IP)
            except OSError as error:
                reply = smtp.Reply(0, str(error))
            except Exception as error:  # smtplib's own: the connection broke off
                reply = smtp.Reply(0, repr(error))
            with self._lock:
                self.answers[reply.code] = self.answers.get(reply.code, 0) + 1
                if reply.code == 250:
                    self.accepted.append(reply.queue_id)


def every_accepted_message_has_its_record(programs, suite, arguments):
    keys = Keys()
    knot = Knot(programs.folder, lab_zone(keys).file())
    milter = Milter(programs, "killed", {"policy": {"mode": "monitor"}}, knot.port)
    postfix = Postfix(programs.folder, programs.cache, {"killed": milter.for_postfix})
    suite.logs += [lambda: ("Postfix", postfix.log()), lambda: ("milter", milter.log())]
    chance = random.Random(arguments.seed)
    kills = 0
    with Load(postfix.port("killed"), keys) as load:
        end = time.monotonic() + arguments.seconds
        while time.monotonic() < end:
            accepted = len(load.accepted)
            # The moment of the kill is what is random here, so this is a span and not a wait for a condition.
            time.sleep(chance.uniform(0.05, 1.5))
            milter.process.kill()
            kills += 1
            milter.start()
            waited = time.monotonic() + 20
            while len(load.accepted) == accepted and time.monotonic() < waited:
                time.sleep(0.02)
    print(f"killed {kills} times; answers {load.answers}; accepted {len(load.accepted)}", flush=True)
    stored = milter.queue_ids()
    missing = [queue_id for queue_id in load.accepted if queue_id not in stored]
    postfix.stop()
    milter.stop()
    knot.stop()
    expect(kills >= 3, f"only {kills} kills")
    expect(len(load.accepted) >= 20, f"only {len(load.accepted)} messages were accepted")
    expect(len(set(load.accepted)) == len(load.accepted), "Postfix gave a queue id twice")
    expect(not missing, f"{len(missing)} accepted messages without a record: {missing[:10]}")
    expect(not milter.problems, "\n".join(milter.problems))


def main():
    def options(parser):
        parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
        parser.add_argument("--seconds", type=float, default=25)

    programs, arguments = programs_from_arguments(__doc__, options)
    print(f"seed {arguments.seed}", flush=True)
    suite = Suite("kill_e2e")
    suite.check("every accepted message has its record", every_accepted_message_has_its_record, programs,
                suite,
                arguments)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
