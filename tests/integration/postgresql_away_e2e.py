#!/usr/bin/python3
"""PostgreSQL goes away and comes back while mail arrives through a real Postfix: the mail flows as before, and
afterwards every message that Postfix took has its record in PostgreSQL, once."""

import json
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab import smtp  # noqa: E402
from lab.knot import Knot  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.postfix import Postfix  # noqa: E402
from lab.postgresql import Postgresql  # noqa: E402
from lab.process import wait_for  # noqa: E402
from lab.runner import expect, expect_equal, run_checks  # noqa: E402
from lab.zones import GOOD_IP, Keys, lab_zone  # noqa: E402
from messages import plain, signed  # noqa: E402

# Above the longest wait between two tries to connect.
PATIENCE = 90
CRASHES = 3


class Lab:
    """One gateway behind Postfix; `taken` are the queue ids of what Postfix accepted."""

    def __init__(self, programs):
        keys = Keys()
        self.knot = Knot(programs.folder, lab_zone(keys).file())
        self.server = Postgresql(programs.folder)
        self.milter = Milter(programs, "gateway", {"policy": {"mode": "monitor"},
                                                   "store": {"postgresql": self.server.connection}},
                             self.knot.port)
        self.postfix = Postfix(programs.folder, programs.cache, {"gateway": self.milter.for_postfix})
        self.taken = []
        self._messages = [signed(keys), plain(), plain("a@none.example")]

    def send_one(self, number):
        """Gives the reply; a queue id is noted."""
        reply = smtp.send(self.postfix.port("gateway"), self._messages[number % len(self._messages)],
                          mail_from="ann@good.example", ip=GOOD_IP)
        if reply.code == 250:
            self.taken.append(reply.queue_id)
        return reply

    def send(self, count):
        for number in range(count):
            reply = self.send_one(number)
            expect_equal(reply.code, 250, f"message {number}: {reply.text}")

    def status(self):
        done = self.milter.ctl("status", "--json")
        told = json.loads(done.stdout)
        expect_equal(done.returncode, 0 if told["well"] else 1, f"status: {done.stderr}")
        return told["milter"]["store"]

    def expect_all_stored(self):
        wait_for(lambda: self.stored_count() >= len(self.taken), f"{len(self.taken)} records in PostgreSQL",
                 PATIENCE)
        stored = {queue_id: int(count) for queue_id, count in self.server.rows(
            "SELECT queue_id, count(*) FROM record GROUP BY queue_id")}
        expect_equal(stored, dict.fromkeys(self.taken, 1), "records in PostgreSQL")
        wait_for(lambda: not self.milter.queue_ids(), "an empty journal")

    def stored_count(self):
        return int(self.server.rows("SELECT count(*) FROM record")[0][0])

    def stop(self):
        self.postfix.stop()
        self.milter.stop()
        self.server.stop()
        self.knot.stop()
        return self.milter.problems

    def logs(self):
        return [("Postfix", self.postfix.log()), ("PostgreSQL", self.server.log()), ("milter", self.milter.log())]


def records_move(lab):
    lab.send(5)
    lab.expect_all_stored()


def mail_flows_while_it_is_away(lab):
    """Every message has its record in the journal, where it can be explained; the status tells of it."""
    lab.server.stop()
    before = len(lab.taken)
    lab.send(20)
    away = lab.taken[before:]
    wait_for(lambda: lab.status()["postgresql"] == "away", "the status to tell that PostgreSQL is away")
    expect_equal(lab.milter.queue_ids(), dict.fromkeys(away, 1), "records in the journal")
    status = lab.status()
    expect_equal((status["waiting"], status["lost"], status["last_error"]), (len(away), 0, ""), "status")
    expect_equal(lab.milter.log().count("STORE_POSTGRESQL_AWAY"), 1, "lines about it in the log")


def kill_while_it_is_away_loses_nothing(lab):
    lab.milter.process.kill()
    lab.milter.start()
    lab.send(5)


def all_moves_when_it_is_back(lab):
    lab.server.start()
    lab.expect_all_stored()
    wait_for(lambda: lab.status()["postgresql"] == "connected", "the status to tell that it is back")


def crashes_under_load_lose_nothing(lab):
    stop = threading.Event()
    problems = []

    def load():
        number = 0
        while not stop.is_set():
            reply = lab.send_one(number)
            if reply.code != 250:
                problems.append(f"{reply.code} {reply.text}")
            number += 1

    clients = [threading.Thread(target=load) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        for _ in range(CRASHES):
            seen = lab.stored_count()
            wait_for(lambda seen=seen: lab.stored_count() > seen, "records to move", PATIENCE)
            lab.server.crash()
            taken = len(lab.taken)
            wait_for(lambda taken=taken: len(lab.taken) > taken + 10, "mail while it is away", PATIENCE)
            lab.server.start()
    finally:
        stop.set()
        for client in clients:
            client.join()
    expect(not problems, f"mail was not taken: {problems[:3]}")
    lab.expect_all_stored()


CHECKS = [records_move, mail_flows_while_it_is_away, kill_while_it_is_away_loses_nothing,
          all_moves_when_it_is_back, crashes_under_load_lose_nothing]


def main():
    return run_checks("postgresql_away_e2e", __doc__, Lab, CHECKS)


if __name__ == "__main__":
    sys.exit(main())
