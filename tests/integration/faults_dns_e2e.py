#!/usr/bin/python3
"""DNS fails under the milter: servers that are silent, slow, broken or lying, and such as come and go.

What holds in each: mail flows as policy.on_temperror says, nothing is judged by what was not answered (temperror,
never fail, none or pass), no message waits beyond its deadline, the log tells of a server that is down and of its
return, every message is recorded once, and the milter holds no more afterwards than before.
"""

import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab.auth_results import parse  # noqa: E402
from lab.dns_server import Answer, Faults, ScriptedDns, Table, quoted  # noqa: E402
from lab.faults import MilterLoad, expect_shrunk, figure, footprint, recorded_wrongly  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.process import wait_for  # noqa: E402
from lab.runner import expect, expect_equal, run_checks  # noqa: E402
from lab.zones import ATTACKER_IP, GOOD_IP, Keys, lab_zone  # noqa: E402
from messages import signed  # noqa: E402

DEADLINE = 4
# What a busy machine may add to a wait.
SLACK = 6
# No answer is remembered, so that each message sees DNS as it is now.
QUICK = {"try_timeout_ms": 400, "tries": 2, "total_timeout_ms": 2500, "cache_records": 0, "failure_ttl": 0}


def silent(_name, _kind):
    return Answer(silent=True)


def servfail(_name, _kind):
    return Answer(rcode="SERVFAIL")


class Lab:
    """Name servers, and milters that ask them, made check by check."""

    def __init__(self, programs):
        self.programs = programs
        self.keys = Keys()
        self.table = Table(lab_zone(self.keys).records)
        self.servers = []
        self.milters = []

    def server(self, answer=None):
        made = ScriptedDns(answer or self.table)
        self.servers.append(made)
        return made

    def milter(self, name, servers, **policy):
        dns = {**QUICK, "servers": [f"127.0.0.1:{server.port}" for server in servers]}
        made = Milter(self.programs, name, {"dns": dns, "milter": {"message_deadline": DEADLINE},
                                            "policy": {"mode": "enforce", **policy}})
        self.milters.append(made)
        return made

    def send(self, milter, queue_id, ip=GOOD_IP):
        """One good message: its dmarc result, its Outcome, and the seconds that it took."""
        message = signed(self.keys)
        begun = time.monotonic()
        outcome = milter.send(message, queue_id, mail_from="ann@good.example", ip=ip)
        took = time.monotonic() - begun
        return dmarc_of(outcome), outcome, took

    def expect_pass(self, milter, queue_id):
        result, outcome, _ = self.send(milter, queue_id)
        expect_equal(result, "pass", f"a good message: {outcome}")

    def stop(self):
        for milter in self.milters:
            if milter.process and milter.process.running():
                milter.stop()
        for server in self.servers:
            server.stop()
        return [problem for milter in self.milters for problem in milter.problems]

    def logs(self):
        return [("the last milter", self.milters[-1].log() if self.milters else "")]


def dmarc_of(outcome):
    field = outcome.header("Authentication-Results")
    if field is None:
        return None
    return next(result.result for result in parse(field.decode()).results if result.method == "dmarc")


def count(milter, log_id):
    return milter.log().count(log_id)


def all_servers_are_silent(lab):
    servers = [lab.server(), lab.server()]
    milter = lab.milter("silent", servers)
    for number in range(10):
        lab.expect_pass(milter, f"warm{number}")
    before = footprint(milter.process.pid)
    for server in servers:
        server.answer = silent
    slowest = 0.0
    for number in range(5):
        result, outcome, took = lab.send(milter, f"silent{number}")
        expect_equal((result, outcome.verdict), ("temperror", "continue"), "a good message without DNS")
        slowest = max(slowest, took)
    expect(slowest < DEADLINE + SLACK, f"a message took {slowest:.1f} s of a deadline of {DEADLINE}")
    wait_for(lambda: count(milter, "DNS_SERVER_DOWN") == 2, "a line for each server that is down")
    for server in servers:
        server.answer = lab.table
    begun = time.monotonic()
    wait_for(lambda: lab.send(milter, "back")[0] == "pass", "a pass once the servers answer")
    figure(f"slowest {slowest:.2f} s without DNS; a pass {time.monotonic() - begun:.1f} s after its return")
    wait_for(lambda: count(milter, "DNS_SERVER_UP") >= 1, "a line about the return")
    expect_shrunk(milter.process.pid, before)
    milter.stop()


def silence_may_mean_tempfail(lab):
    milter = lab.milter("tempfail", [lab.server(silent)], on_temperror="tempfail")
    _, outcome, _ = lab.send(milter, "tempfail1")
    expect(outcome.reply.startswith("451 4.7.1 "), f"with on_temperror = tempfail: {outcome}")
    expect_equal(recorded_wrongly(["tempfail1"], milter.queue_ids()), {}, "records")
    milter.stop()


def first_server_is_silent(lab):
    """The second one answers; after the first message nobody waits for the first one any more."""
    milter = lab.milter("first", [lab.server(silent), lab.server()])
    took = []
    for number in range(6):
        result, outcome, seconds = lab.send(milter, f"first{number}")
        expect_equal(result, "pass", f"a good message: {outcome}")
        took.append(seconds)
    figure(f"first message {took[0]:.2f} s, later ones at most {max(took[2:]):.2f} s")
    expect_equal(count(milter, "DNS_SERVER_DOWN"), 1, "lines about the server that is down")
    milter.stop()


def servers_are_slow(lab):
    """Slower than one try, faster than all: the late answer of a first try counts, and questions wait at once."""
    delay = 0.6
    server = lab.server(lambda name, kind: delayed(lab.table(name, kind), delay))
    milter = lab.milter("slow", [server, server])
    for number in range(3):
        result, outcome, took = lab.send(milter, f"slow{number}")
        expect_equal(result, "pass", f"a good message: {outcome}")
        expect(took < 3 * delay + SLACK, f"it took {took:.1f} s, each answer {delay} s")
    figure(f"answers after {delay} s each: {took:.2f} s")
    milter.stop()


def delayed(answer, delay):
    answer.delay = delay
    return answer


def servers_fail(lab):
    """SERVFAIL and REFUSED are told at once, so nobody waits."""
    for rcode in ("SERVFAIL", "REFUSED"):
        milter = lab.milter(rcode.lower(), [lab.server(lambda _name, _kind, code=rcode: Answer(rcode=code))])
        result, outcome, took = lab.send(milter, f"{rcode}1")
        expect_equal((result, outcome.verdict), ("temperror", "continue"), f"a good message with {rcode}")
        expect(took < SLACK, f"it took {took:.1f} s to see {rcode}")
        milter.stop()


def servers_cannot_be_reached(lab):
    """Nothing listens there: the system says so at once."""
    server = lab.server()
    milter = lab.milter("unreachable", [server])
    lab.expect_pass(milter, "reach1")
    server.stop()
    lab.servers.remove(server)
    result, outcome, took = lab.send(milter, "reach2")
    expect_equal((result, outcome.verdict), ("temperror", "continue"), "a good message without a server")
    expect(took < DEADLINE + SLACK, f"it took {took:.1f} s")

    def told():
        lab.send(milter, "reach3")
        return count(milter, "DNS_SERVER_DOWN")

    # Not at once: it had answered a moment before.
    wait_for(told, "a line about the server that is down")
    milter.stop()


def lies_are_not_believed(lab):
    """A forger who does not see the questions answers instead of the server: other ids, other questions. Its
    records would give an attacker a pass; and silence behind the lies stays a temporary error."""
    server = lab.server()
    server.faults = Faults(forged=[("TXT", quoted(f"v=spf1 ip4:{ATTACKER_IP} -all"))])
    milter = lab.milter("lies", [server])
    lab.expect_pass(milter, "lies1")
    server.faults.only_forged = True
    result, outcome, took = lab.send(milter, "lies2", ip=ATTACKER_IP)
    expect_equal((result, outcome.verdict), ("temperror", "continue"), "a message when only lies come")
    expect(took < DEADLINE + SLACK, f"it took {took:.1f} s")
    figure(f"{server.forgeries} forged packets")
    milter.stop()


def servers_flap(lab):
    """They answer, are silent and fail in turn, many times, under load."""
    server = lab.server()
    milter = lab.milter("flap", [server, server])
    with MilterLoad(milter.address, [signed(lab.keys)], 4, "before", mail_from="ann@good.example", ip=GOOD_IP) as load:
        load.wait_accepted(40)
    before = footprint(milter.process.pid)
    stop = threading.Event()

    def flap():
        turns = [lab.table, silent, lab.table, servfail]
        while not stop.is_set():
            for turn in turns:
                server.answer = turn
                stop.wait(0.4)
        server.answer = lab.table

    flapping = threading.Thread(target=flap)
    flapping.start()
    try:
        with MilterLoad(milter.address, [signed(lab.keys)], 8, "flap", mail_from="ann@good.example",
                        ip=GOOD_IP) as load:
            load.wait_accepted(300)
    finally:
        stop.set()
        flapping.join()
    expect_equal(load.others, {}, "answers while servers flap")
    expect_equal(recorded_wrongly(load.accepted, milter.queue_ids()), {}, "records")
    results = {milter.record(queue_id)["judgement"]["result"] for queue_id in load.accepted[:200]}
    expect(results <= {"pass", "temperror"}, f"verdicts of good messages: {results}")
    expect(load.slowest < DEADLINE + SLACK, f"a message took {load.slowest:.1f} s")
    lab_lines = count(milter, "DNS_SERVER_")
    expect(lab_lines < 100, f"{lab_lines} lines about servers")
    wait_for(lambda: lab.send(milter, "steady")[0] == "pass", "a pass once the servers stay")
    expect_shrunk(milter.process.pid, before)
    figure(f"{len(load.accepted)} messages, slowest {load.slowest:.2f} s, verdicts {sorted(results)}, "
           f"{lab_lines} lines about servers; before {before}; afterwards {footprint(milter.process.pid)}")
    milter.stop()


CHECKS = [all_servers_are_silent, silence_may_mean_tempfail, first_server_is_silent, servers_are_slow, servers_fail,
          servers_cannot_be_reached, lies_are_not_believed, servers_flap]


def main():
    return run_checks("faults_dns_e2e", __doc__, Lab, CHECKS)


if __name__ == "__main__":
    sys.exit(main())
