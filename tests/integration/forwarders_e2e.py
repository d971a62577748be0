#!/usr/bin/python3
"""Forwarders are learned from the mail that they hand on, through a real Postfix and a real name server: a
client that relays signed mail of enough domains, for none of which SPF lets it send, is listed and met with as
a forwarder; then the operator has his say."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab import smtp  # noqa: E402
from lab.knot import Knot  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.postfix import Postfix  # noqa: E402
from lab.runner import expect, expect_equal, run_checks  # noqa: E402
from lab.zones import Keys, Zone  # noqa: E402
from messages import plain, signed  # noqa: E402

LEAST = 4
OWN_IP = "192.0.2.10"  # which all domains send from
FORWARDER = "198.51.100.25"
FORGER = "198.51.100.66"
STRANGER = "203.0.113.9"
FORWARDER6 = "2001:db8:7:8::25"
NEIGHBOUR6 = "2001:db8:7:8::26"
DOMAINS = [f"author{number}.example" for number in range(LEAST)]


def zone_of(keys):
    zone = Zone()
    for domain in DOMAINS:
        zone.txt(domain, f"v=spf1 ip4:{OWN_IP} -all")
        zone.txt(f"s1._domainkey.{domain}", keys.rsa.record)
        zone.txt(f"_dmarc.{domain}", "v=DMARC1; p=reject")
    return zone


class Lab:
    """One gateway behind Postfix."""

    def __init__(self, programs):
        self.keys = Keys()
        self.knot = Knot(programs.folder, zone_of(self.keys).file())
        self.milter = Milter(programs, "gateway", self.settings(), self.knot.port)
        self.postfix = Postfix(programs.folder, programs.cache, {"gateway": self.milter.for_postfix})

    @staticmethod
    def settings(enabled=True):
        return {"policy": {"mode": "monitor"}, "indirect": {"enabled": enabled, "least_domains": LEAST}}

    def send(self, domain, ip, is_signed=True):
        """A message of the domain through the client; gives its evidence."""
        author = f"Ann <ann@{domain}>"
        message = signed(self.keys, domain, author=author) if is_signed else plain(author)
        reply = smtp.send(self.postfix.port("gateway"), message, mail_from=f"ann@{domain}", ip=ip)
        expect_equal(reply.code, 250, f"{domain} from {ip}: {reply.text}")
        return self.milter.explain(reply.queue_id)["evidence"]

    def forwarders(self, *arguments):
        """As listed, by network."""
        done = self.milter.ctl("forwarders", *arguments, "--json")
        expect_equal(done.returncode, 0, f"forwarders {' '.join(arguments)}: {done.stderr}")
        return {one["network"]: one for one in json.loads(done.stdout)}

    def rule(self, *arguments):
        done = self.milter.ctl("forwarders", *arguments)
        expect_equal(done.returncode, 0, f"forwarders {' '.join(arguments)}: {done.stderr}")

    def read_again(self):
        """The milter reads what is known at a reload, too; waits until that has changed."""
        return self.milter.reload("FORWARDERS_READ")

    def stop(self):
        self.postfix.stop()
        self.milter.stop()
        self.knot.stop()
        return self.milter.problems

    def logs(self):
        return [("Postfix", self.postfix.log()), ("milter", self.milter.log())]


def mail_of_too_few_domains_makes_no_forwarder(lab):
    for domain in DOMAINS[:-1]:
        evidence = lab.send(domain, FORWARDER)
        expect_equal(evidence["spf"][0]["result"], "fail", f"SPF of {domain}")
        expect_equal(evidence["dkim"][0]["result"], "pass", f"DKIM of {domain}")
        expect_equal(evidence["forwarder"], {"status": "unknown"}, "the forwarder")
        lab.send(domain, FORWARDER)  # a domain counts once
    expect_equal(lab.forwarders(), {}, "forwarders")
    seen = lab.forwarders("--all")
    expect_equal({network: (one["status"], one["domains"]) for network, one in seen.items()},
                 {FORWARDER: ("unknown", LEAST - 1)}, "clients that were seen")


def one_more_domain_makes_it_a_forwarder(lab):
    lab.send(DOMAINS[-1], FORWARDER)
    listed = lab.forwarders()
    expect_equal(list(listed), [FORWARDER], "forwarders")
    expect_equal((listed[FORWARDER]["status"], listed[FORWARDER]["domains"]), ("learned", LEAST),
                 "the forwarder")
    expect_equal(listed[FORWARDER]["some_domains"], DOMAINS, "its domains")
    lab.read_again()
    evidence = lab.send(DOMAINS[0], FORWARDER)
    expect_equal(evidence["forwarder"], {"status": "learned", "network": FORWARDER, "domains": LEAST},
                 "the forwarder as the next message met with it")
    expect_equal(lab.send(DOMAINS[0], STRANGER)["forwarder"], {"status": "unknown"}, "another client")


def an_ipv6_host_is_known_by_its_subnet(lab):
    for domain in DOMAINS:
        lab.send(domain, FORWARDER6)
    lab.read_again()
    expect_equal(lab.send(DOMAINS[0], NEIGHBOUR6)["forwarder"],
                 {"status": "learned", "network": "2001:db8:7:8::/64", "domains": LEAST}, "the forwarder")


def a_forger_is_not_learned(lab):
    for domain in DOMAINS:
        lab.send(domain, FORGER, is_signed=False)
    expect(FORGER not in lab.forwarders("--all"), "a client without signatures was learned")


def a_sender_by_right_is_not_learned(lab):
    for domain in DOMAINS:
        lab.send(domain, OWN_IP)
    expect(OWN_IP not in lab.forwarders("--all"), "a client whose SPF passes was learned")


def the_operator_denies_and_confirms(lab):
    lab.rule("deny", FORWARDER, "--comment", "sends what nobody asked for")
    lab.rule("confirm", "198.51.100.0/24")
    lab.read_again()
    expect_equal(lab.send(DOMAINS[0], FORWARDER)["forwarder"]["status"], "denied", "a denied client")
    expect_equal(lab.send(DOMAINS[0], FORGER)["forwarder"],
                 {"status": "confirmed", "network": "198.51.100.0/24", "domains": 0}, "a confirmed network's")
    lab.rule("forget", FORWARDER)
    lab.rule("forget", "198.51.100.0/24")
    lab.read_again()
    expect_equal(lab.send(DOMAINS[0], FORWARDER)["forwarder"], {"status": "unknown"}, "a forgotten client")


def what_is_known_is_there_after_a_restart(lab):
    lab.milter.stop()
    lab.milter.start()
    lab.milter.process.wait_for_log("FORWARDERS_READ")
    expect_equal(lab.send(DOMAINS[0], FORWARDER6)["forwarder"]["status"], "learned", "a learned client")


def without_the_setting_nothing_is_known_or_learned(lab):
    lab.milter.configure(lab.settings(enabled=False))
    lab.read_again()
    before = lab.forwarders("--all")
    for domain in DOMAINS:
        expect_equal(lab.send(domain, FORWARDER)["forwarder"], {"status": "unknown"}, "a client")
    expect_equal(lab.forwarders("--all"), before, "clients that were seen")


CHECKS = [mail_of_too_few_domains_makes_no_forwarder, one_more_domain_makes_it_a_forwarder,
          an_ipv6_host_is_known_by_its_subnet, a_forger_is_not_learned, a_sender_by_right_is_not_learned,
          the_operator_denies_and_confirms, what_is_known_is_there_after_a_restart,
          without_the_setting_nothing_is_known_or_learned]


def main():
    return run_checks("forwarders_e2e", __doc__, Lab, CHECKS)


if __name__ == "__main__":
    sys.exit(main())
