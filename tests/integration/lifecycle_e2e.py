#!/usr/bin/python3
"""The milter as a service: start, reload, drain, end; what it tells systemd, operators and monitoring; what
it does without a store, and with an MTA that cannot do what it needs."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab.milter_client import ALL_PROTOCOL, LEADING_SPACE, MilterClient, MilterClosed  # noqa: E402
from lab.milter_lab import MilterLab  # noqa: E402
from lab.notify_socket import NotifySocket  # noqa: E402
from lab.process import connects, free_port, sanitizer_env, wait_for  # noqa: E402
from lab.reporter import Reporter  # noqa: E402
from lab.runner import Failed, expect, expect_equal, run_checks  # noqa: E402
from lab.zones import GOOD_IP  # noqa: E402
from messages import plain, signed  # noqa: E402

ADD_HEADERS_ONLY = 0x01


class Lab(MilterLab):
    def hold_answers(self):
        """From now on no DNS answer goes out until the returned function is called."""
        released = threading.Event()

        def answer(name, kind):
            released.wait(60)
            return self.table(name, kind)

        self.dns.answer = answer

        def release():
            self.dns.answer = self.table
            released.set()

        return release


def send(milter, message, queue_id, **options):
    return milter.send(message, queue_id, **options)


def reload_changes_policy(lab):
    milter = lab.milter("reload", {"policy": {"mode": "monitor"}})
    expect_equal(send(milter, plain(), "reload1").verdict, "continue", "a forgery, only watched")
    milter.configure({"policy": {"mode": "enforce"}})
    milter.reload("MILTER_RELOADED")
    outcome = send(milter, plain(), "reload2")
    expect(outcome.reply.startswith("550 5.7.1 "), f"a forgery after the reload: {outcome}")
    milter.stop()


def broken_reload_keeps_the_old(lab):
    milter = lab.milter("broken", {"policy": {"mode": "enforce"}})
    milter.conf.write_text(milter.conf.read_text().replace('mode = "enforce"', 'mode = "enforced"'))
    log = milter.reload("MILTER_RELOAD_FAILED")
    expect(re.search(r"defender\.toml:\d+:\d+: ", log), f"no file, line and column in {log!r}")
    expect(send(milter, plain(), "broken1").reply.startswith("550 "),
           "the old settings are no longer in force")
    milter.conf.write_text("this is [not TOML")
    milter.reload("MILTER_RELOAD_FAILED")
    milter.conf.unlink()
    milter.reload("MILTER_RELOAD_FAILED")
    expect(send(milter, plain(), "broken2").reply.startswith("550 "),
           "the old settings are no longer in force")
    milter.configure({"policy": {"mode": "monitor"}})
    milter.reload("MILTER_RELOADED")
    expect_equal(send(milter, plain(), "broken3").verdict, "continue", "after a good file again")
    milter.stop()


def message_keeps_its_settings(lab):
    """A message that is under way when the settings change is judged under those that it began with."""
    milter = lab.milter("midway", {"policy": {"mode": "enforce"}})
    with MilterClient(milter.address) as client:
        client.message_until_end(plain(), queue_id="midway1")
        milter.configure({"policy": {"mode": "monitor"}})
        milter.reload("MILTER_RELOADED")
        outcome = client.end_of_message("midway1")
    expect(outcome.reply.startswith("550 "), f"judged under the new settings: {outcome}")
    milter.stop()


def many_reloads_under_load(lab):
    """Reloads while messages flow neither break a message nor leave one without its record."""
    milter = lab.milter("stormy", {"policy": {"mode": "enforce"}})
    verdicts, stop = [], threading.Event()

    def load(number):
        count = 0
        with MilterClient(milter.address) as client:
            first = True
            while not stop.is_set():
                queue_id = f"stormy{number}x{count}"
                outcome = client.message(signed(lab.keys), queue_id=queue_id, connected=not first)
                verdicts.append((queue_id, outcome.verdict))
                first, count = False, count + 1

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        milter.configure({"policy": {"mode": "monitor" if number % 2 else "enforce"},
                          "dns": {"servers": [f"127.0.0.1:{lab.dns.port}"], "cache_records": 1000 + number}})
        before = len(verdicts)
        milter.reload("MILTER_RELOADED")
        wait_for(lambda: len(verdicts) > before, "messages after a reload")
    stop.set()
    for thread in threads:
        thread.join()
    expect_equal({verdict for _, verdict in verdicts}, {"continue"}, "verdicts")
    milter.stop()
    stored = milter.queue_ids()
    missing = [queue_id for queue_id, _ in verdicts if queue_id not in stored]
    expect(not missing, f"messages without a record: {missing[:5]} of {len(verdicts)}")


def drains_on_sigterm(lab):
    release = lab.hold_answers()
    try:
        milter = lab.milter("drain", {"policy": {"mode": "enforce"}})
        client = MilterClient(milter.address)
        client.message_until_end(signed(lab.keys), queue_id="drain1")
        client.send_end_of_message("drain1")
        wait_for(lambda: status_of(milter).get("in_flight") == 1, "the message to be in flight")
        milter.process.send(signal.SIGTERM)
        milter.process.wait_for_log("MILTER_STOPPING")
        expect(milter.process.running(), "it ended with a message in flight")
        release()
        outcome = client.read_answer()
        expect_equal(outcome.verdict, "continue", "the message in flight")
        expect(b"dmarc=pass" in (outcome.header("Authentication-Results") or b""), f"not judged: {outcome}")
        client.drop()
        expect_equal(milter.process.wait(), 0, "exit status")
        milter.look_for_reports()
        expect("drain1" in milter.queue_ids(), "the message in flight has no record")
    finally:
        release()


def ends_with_idle_connections(lab):
    milter = lab.milter("idle")
    clients = [MilterClient(milter.address) for _ in range(3)]
    clients[0].connect()
    expect_equal(milter.process.stop(seconds=30), 0, "exit status")
    milter.look_for_reports()
    for client in clients:
        client.drop()
    expect(not connects(milter.port), "the port is still open")


def vanishing_mta_is_survived(lab):
    """MTAs that go away at every step, in flight too; the message in flight still gets its record."""
    milter = lab.milter("vanish")
    for steps in range(5):
        client = MilterClient(milter.address)
        for step in (client.connect, lambda: client.helo("h.example"),
                     lambda: client.mail("<a@good.example>"),
                     lambda: client.header("From", b" a@good.example"))[:steps]:
            step()
        client.drop()
    release = lab.hold_answers()
    client = MilterClient(milter.address)
    client.message_until_end(plain(), queue_id="vanish1")
    client.send_end_of_message("vanish1")
    wait_for(lambda: status_of(milter).get("in_flight") == 1, "the message to be in flight")
    client.drop()
    release()
    wait_for(lambda: milter.queue_ids().get("vanish1"), "the record of the message whose MTA went away")
    expect_equal(send(milter, signed(lab.keys), "vanish2").verdict, "continue", "the next message")
    milter.stop()


def tells_systemd(lab):
    with NotifySocket() as notify:
        milter = lab.milter("notify", start=False)
        milter.start(env=notify.env, wait=False)
        notify.wait_for("READY=1")
        expect(connects(milter.port), "READY=1 came before the port was open")
        milter.process.send(signal.SIGHUP)
        notify.wait_for("RELOADING=1")
        notify.wait_for("READY=1")
        # libmilter told to stop before its workers run lets them find its mutex destroyed.
        send(milter, signed(lab.keys), "notify1")
        milter.process.send(signal.SIGTERM)
        seen = notify.wait_for("STOPPING=1")
        expect("WATCHDOG=1" not in seen, "WATCHDOG=1 came, which nobody had asked for")
    milter.stop()


def tells_systemd_that_it_lives(lab):
    with NotifySocket(watchdog=0.4) as notify:
        milter = lab.milter("watchdog", start=False)
        milter.start(env=notify.env, wait=False)
        notify.wait_for("READY=1")
        for number in range(3):
            notify.wait_for("WATCHDOG=1")
            send(milter, signed(lab.keys), f"watchdog{number}")
        milter.process.send(signal.SIGHUP)
        notify.wait_for("RELOADING=1")
        notify.wait_for("WATCHDOG=1")
    milter.stop()


def reporter_tells_systemd_that_it_lives(lab):
    reporter = Reporter(lab.programs, "watchdog", {"store": {"path": str(lab.programs.folder / "watchdog.db")},
                                                   "dns": {"servers": [f"127.0.0.1:{lab.dns.port}"]},
                                                   "report": {"enabled": True, "org_name": "Lab",
                                                              "email": "dmarc@reports.example"}})
    with NotifySocket(watchdog=0.4) as notify:
        reporter.start(env=notify.env)
        notify.wait_for("READY=1")
        for _ in range(3):
            notify.wait_for("WATCHDOG=1")
        reporter.process.send(signal.SIGTERM)
        notify.wait_for("STOPPING=1")
    reporter.stop()
    expect_equal(reporter.problems, [], "the reporter")


def hangups_from_the_first_moment(lab):
    """SIGHUP as soon as it is ready, and many at once: each is a reload or part of one, never the end."""
    for number in range(20):
        with NotifySocket() as notify:
            milter = lab.milter(f"hangup{number}", start=False)
            milter.start(env=notify.env, wait=False)
            notify.wait_for("READY=1")
            for _ in range(50):
                milter.process.send(signal.SIGHUP)
            notify.wait_for("RELOADING=1")
        expect_equal(send(milter, signed(lab.keys), f"hangup{number}").verdict, "continue", "a good message")
        expect("MILTER_STOPPING" not in milter.log(), f"SIGHUP ended it:\n{milter.log()}")
        milter.process.kill()
        milter.look_for_reports()


def run_milter(lab, *arguments):
    folder = lab.programs.folder / "runs"
    folder.mkdir(exist_ok=True)
    return subprocess.run([str(lab.programs.milter), *arguments], capture_output=True, text=True, timeout=120,
                          check=False, env=sanitizer_env(folder))


def check_config_says_all(lab):
    good = lab.milter("config", start=False)
    done = run_milter(lab, "-c", str(good.conf), "--check-config")
    expect_equal((done.returncode, done.stderr), (0, ""), "a good file")
    bad = lab.programs.folder / "bad.toml"
    bad.write_text('[milter]\nsokcet = "inet:1@127.0.0.1"\n[policy]\nmode = "on"\n\n[dns]\ntries = "two"\n')
    done = run_milter(lab, "-c", str(bad), "--check-config")
    expect_equal(done.returncode, 1, "exit status of a bad file")
    lines = [line for line in done.stderr.splitlines() if line]
    for line_number in (2, 4, 7):
        expect(any(re.match(rf"{re.escape(str(bad))}:{line_number}:\d+: .+; .+", line) for line in lines),
               f"no FILE:{line_number}:COLUMN: what; how to mend it in {lines}")
    done = run_milter(lab, "-c", str(lab.programs.folder / "absent.toml"), "--check-config")
    expect_equal(done.returncode, 1, "exit status without a file")
    expect("absent.toml" in done.stderr, f"the file's name in {done.stderr!r}")


def exit_statuses(lab):
    expect_equal(run_milter(lab, "--no-such-option").returncode, 2, "wrong usage")
    done = run_milter(lab, "--version")
    expect_equal(done.returncode, 0, "--version")
    expect(re.search(r"\d+\.\d+\.\d+", done.stdout), f"a version in {done.stdout!r}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        milter = lab.milter("taken", {"milter": {"socket": f"inet:{taken.getsockname()[1]}@127.0.0.1"}},
                            start=False)
        done = run_milter(lab, "-c", str(milter.conf))
    expect_equal(done.returncode, 1, f"a port that is taken ({done.stderr})")
    expect("MILTER_START_FAILED" in done.stderr, f"a reason in {done.stderr!r}")


def metrics_are_served(lab):
    port = free_port()
    milter = lab.milter("metrics",
                        {"metrics": {"listen": f"127.0.0.1:{port}"}, "policy": {"mode": "enforce"}})
    send(milter, signed(lab.keys), "metrics1")
    send(milter, plain(), "metrics2")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    samples = dict(re.findall(r"^(\S+) (\S+)$", text, re.MULTILINE))
    expect(all(line.startswith(("#", "defender_", "exposer_")) for line in text.splitlines() if line),
           f"names that do not start with defender_:\n{text}")
    messages = {name: value for name,
                value in samples.items() if name.startswith("defender_") and "result=" in name}
    for result, action in (("pass", "accept"), ("fail", "reject")):
        expect(any(f'result="{result}"' in name and f'action="{action}"' in name and float(value) == 1
                   for name, value in messages.items()), f"no count of {result} and {action} in {messages}")
    for name, level, lines in (("MILTER_READY", "info", 1), ("MESSAGE_JUDGED", "info", 2),
                               ("STORE_WRITE_FAILED", "error", 0)):
        sample = f'defender_log_lines_total{{id="{name}",level="{level}"}}'
        expect_equal(float(samples.get(sample, -1)), lines, sample)
    milter.stop()


def status_of(milter):
    return milter.status()


def status_is_told(lab):
    milter = lab.milter("status", {"policy": {"mode": "enforce"}})
    send(milter, plain(), "status1")
    status = status_of(milter)
    expect_equal(status["pid"], milter.process.pid, "pid")
    expect_equal(status["mode"], "enforce", "mode")
    expect_equal(status["store"]["written"], 1, "records written")
    for arguments in (("status",), ("status", "--json")):
        done = milter.ctl(*arguments)
        expect_equal(done.returncode, 0, f"defenderctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
    json.loads(done.stdout)
    milter.stop()
    expect(not milter.status_path.exists(), "the status socket is left behind")
    expect(milter.ctl("status").returncode != 0, "defenderctl status of a milter that is not there")


def mail_flows_without_a_store(lab):
    """The store cannot be written: mail is judged and answered all the same; that is logged, and what will be
    lost is counted."""
    milter = lab.milter("unstored",
                        {"store": {"path": "/proc/defender/no/such.db"}, "policy": {"mode": "enforce"}})
    outcome = send(milter, signed(lab.keys), "unstored1")
    expect_equal(outcome.verdict, "continue", "a good message")
    expect(b"dmarc=pass" in (outcome.header("Authentication-Results") or b""), f"not judged: {outcome}")
    expect(send(milter, plain(), "unstored2").reply.startswith("550 "), "a forgery")
    status = status_of(milter)
    expect_equal((status["store"]["queued"], status["store"]["lost"]), (2, 0), "records kept and lost")
    expect(status["store"]["last_error"], "no last_error in the status")
    expect("STORE_OPEN_FAILED" in milter.log(), "the failure is not logged")
    milter.stop()
    expect(re.search(r"STORE_RECORDS_LOST .*records=2", milter.log()), "the loss is not logged")


def store_comes_back(lab):
    """A store that was away is used again once it can be, without a restart."""
    folder = lab.programs.folder / "later"
    milter = lab.milter("later", {"store": {"path": str(folder / "defender.db")}})
    send(milter, plain(), "later1")
    folder.mkdir()
    counter = iter(range(2, 10000))

    def recorded():
        queue_id = f"later{next(counter)}"
        send(milter, plain(), queue_id)
        return status_of(milter)["store"]["written"] > 0

    wait_for(recorded, "the store to be opened again", interval=0.2)
    milter.stop()
    expect(milter.queue_ids(), "no record in the store that came back")


def unsuitable_mta_is_refused(lab):
    milter = lab.milter("flags", {"policy": {"on_quarantine": "hold"}})
    for offer in ({"actions": ADD_HEADERS_ONLY}, {"protocol": ALL_PROTOCOL & ~LEADING_SPACE}):
        try:
            MilterClient(milter.address, **offer).drop()
        except MilterClosed:
            continue
        raise Failed(f"an MTA that offers only {offer} is served")
    wait_for(lambda: milter.log().count("MILTER_MTA_UNSUITABLE") >= 2, "log lines about the MTA")
    expect_equal(send(milter, signed(lab.keys), "flags1").verdict, "continue", "an MTA that offers enough")
    milter.stop()


def hostile_peers_are_survived(lab):
    """Packets that no MTA sends: the connection may end, the milter must not."""
    milter = lab.milter("hostile")
    for octets in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x01O", b"GET / HTTP/1.0\r\n\r\n",
                   b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff\0\0\0\x01E\0\0\0\x01B\0\0\0\x02L\0"):
        with socket.create_connection(milter.address, timeout=10) as peer:
            try:
                peer.sendall(octets)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(4096):
                    pass
            except OSError:
                continue  # cut off at once, or left hanging: both are the milter's good right
    expect_equal(send(milter, signed(lab.keys), "hostile1").verdict, "continue", "the next message")
    milter.stop()


def packets_of_no_sense_are_told_of(lab):
    """A list of macros that is not of pairs, at which libmilter reads on behind its end; a step out of order, which
    libmilter leaves without an answer."""
    milter = lab.milter("packets")
    for command, data in ((b"D", b"Mi\0"), (b"E", b"")):
        with MilterClient(milter.address) as client:
            client.connect()
            client.send(command, data)
            expect(client.is_closed(), f"{command} with {data} is taken")
    expect_equal(milter.log().count("MILTER_PACKET_REFUSED"), 2, "lines about refused packets")
    expect_equal(send(milter, signed(lab.keys), "packets1").verdict, "continue", "the next message")
    milter.stop()


def hostile_messages_are_answered(lab):
    """Messages that no MTA lets through reach the milter whole; each gets an answer, in time, and a
    record."""
    milter = lab.milter("odd", {"policy": {"mode": "enforce"}})
    many = b"".join(b"DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s; h=From; bh=aaaa; b=bbbb\r\n" % n
                    for n in range(1000))
    authors = [b"a%d@good.example" % n for n in range(10000)]
    messages = {
        "bare CR and LF in a header field": b"From: a@good.example\rFrom: b@good.example\r\n\r\nx",
        "a field name of control characters": b"\x01\x02: x\r\nFrom: a@good.example\r\n\r\nx",
        "no body": b"From: a@good.example\r\n\r\n",
        "a body of NULs": b"From: a@good.example\r\n\r\n" + b"\0" * 70000,
        "bare LF in the body": b"From: a@good.example\r\n\r\na\nb\rc\n\n\r\r\n",
        "1000 signatures": many + b"From: a@good.example\r\n\r\nx",
        "10,000 authors": b"From: " + b",\r\n ".join(authors) + b"\r\n\r\nx",
        "nested comments": b"From: " + b"(" * 50000 + b"a" + b")" * 50000 + b" a@good.example\r\n\r\nx",
        "a header field of 1 MB": b"X: " + b"x" * 1000000 + b"\r\nFrom: a@good.example\r\n\r\nx",
        "100,000 header fields": b"X: y\r\n" * 100000 + b"From: a@good.example\r\n\r\nx",
        "NULs in the author": b"From: a@good.example\0.attack.example\r\n\r\nx",
        "8-bit octets in every field": b"From: \xff\xfe <a@g\xc3\xb6\xf8d.example>\r\nX: \x80\r\n\r\n\xff",
        "100,000 comments": b"From: " + b"(x)" * 100000 + b" a@good.example\r\n\r\nx",
    }
    for number, (name, message) in enumerate(messages.items()):
        try:
            outcome = send(milter, message, f"odd{number}", mail_from="x@attack.example")
        except OSError as error:
            raise Failed(f"{name}: no answer: {error!r}") from None
        expect(outcome.verdict in ("continue", "reply"), f"{name}: {outcome}")
        expect(b"dmarc=pass" not in (outcome.header("Authentication-Results") or b""), f"{name}: a pass")
        expect(f"odd{number}" in milter.queue_ids(), f"{name}: no record")
    milter.stop()


def long_header_field_is_judged(lab):
    """A field over 65,535 octets: were the connection to end at it, an MTA that accepts mail without its
    filter would let everything through behind such a field."""
    milter = lab.milter("long", {"policy": {"mode": "enforce"}})
    for octets in (65000, 65534, 65535, 65536, 102400, 1000000):
        message = b"X-Long: " + b"x" * octets + b"\r\n" + plain()
        try:
            outcome = send(milter, message, f"long{octets}")
        except (OSError, MilterClosed) as error:
            raise Failed(f"a forgery behind a field of {octets} octets: no answer: {error!r}") from None
        expect(outcome.reply.startswith("550 "), f"a forgery behind a field of {octets} octets: {outcome}")
    milter.stop()


def local_client_is_not_judged(lab):
    milter = lab.milter("local", {"policy": {"mode": "enforce"}})
    with MilterClient(milter.address) as client:
        client.connect_local()
        client.helo("localhost")
        outcome = client.message(plain(), queue_id="local1", connected=True)
    expect_equal((outcome.verdict, outcome.inserted), ("continue", []),
                 "a client that is not on an IP socket")
    expect_equal(milter.record("local1")["judgement"]["exemption"], "local_client", "the record")
    milter.stop()


def log_has_one_line_for_a_message(lab):
    milter = lab.milter("log", {"policy": {"mode": "enforce"}})
    send(milter, plain("a@good.example"), "log1", mail_from='"a b = c"@good.example', helo='x y="z"',
         ip=GOOD_IP)
    lines = [line for line in milter.log().splitlines() if "queue_id=log1" in line]
    expect_equal(len(lines), 1, f"lines about the message: {lines}")
    expect("MESSAGE_JUDGED" in lines[0] and "dmarc=pass" in lines[0] and "ip=192.0.2.10" in lines[0],
           lines[0])
    expect(' y="z"' not in lines[0], f"the HELO name forges a field: {lines[0]}")
    milter.stop()


CHECKS = [
    reload_changes_policy, broken_reload_keeps_the_old, message_keeps_its_settings, many_reloads_under_load,
    drains_on_sigterm, ends_with_idle_connections, vanishing_mta_is_survived, tells_systemd,
    tells_systemd_that_it_lives, reporter_tells_systemd_that_it_lives, hangups_from_the_first_moment, check_config_says_all,
    exit_statuses, metrics_are_served, status_is_told, mail_flows_without_a_store, store_comes_back,
    unsuitable_mta_is_refused, hostile_peers_are_survived, hostile_messages_are_answered,
    long_header_field_is_judged, local_client_is_not_judged,
    log_has_one_line_for_a_message,
]
# Where libmilter does worse.
ASIO_CHECKS = [packets_of_no_sense_are_told_of]


def main():
    return run_checks("lifecycle_e2e", __doc__, Lab,
                      lambda lab: CHECKS + (ASIO_CHECKS if lab.programs.frontend == "asio" else []))


if __name__ == "__main__":
    sys.exit(main())
