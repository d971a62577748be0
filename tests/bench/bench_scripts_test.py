#!/usr/bin/python3
"""The scripts of the benchmarks, as far as they only reckon: the table, the counting, the corpus."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]

import bench_table  # noqa: E402
import gateway_corpus  # noqa: E402
import message_cost  # noqa: E402

CALLGRIND = """\
version: 1
positions: line
events: Ir

ob=(1) /usr/bin/program
fl=(1) a.cpp
fn=(1) main
10 100
+2 20
cob=(2) /lib/libcrypto.so.3
cfn=(2) sign
calls=3 0
12 5000
-1 3
* 4

ob=(2)
fn=(2)
0 5000

ob=(1)
fn=(3) other
7 1
totals: 5128
"""


class Table(unittest.TestCase):
    def test_has_the_median_of_the_runs_that_have_the_row(self):
        runs = [{"cpu_4k": 3}, {"cpu_4k": 1, "rate_8": 7}, {"cpu_4k": 2}]
        found = bench_table.medians(runs)
        self.assertEqual(found["cpu_4k"], {"median": 2, "least": 1, "most": 3, "runs": 3})
        self.assertEqual(found["rate_8"]["runs"], 1)
        self.assertNotIn("rate_32", found)

    def test_tells_how_much_the_host_gave_to_others(self):
        before = [100, 0, 50, 800, 0, 0, 0, 10]
        self.assertEqual(bench_table.stolen_percent(before, [130, 0, 60, 850, 0, 0, 0, 20]), 10)
        self.assertEqual(bench_table.stolen_percent(before, before), 0)

    def test_says_how_many_times_better_the_own_figure_is(self):
        self.assertEqual(bench_table.ratio("cpu_4k", 1, 3), 3)
        self.assertEqual(bench_table.ratio("rate_8", 300, 100), 3)

    def test_says_nothing_of_a_figure_that_is_nothing(self):
        self.assertIsNone(bench_table.ratio("idle_cpu", 0, 3))
        self.assertIsNone(bench_table.ratio("idle_cpu", 3, 0))

    def test_shows_a_row_that_one_filter_has(self):
        results = bench_table.with_ratios({"defender": {"cpu_4k": {"median": 0.5}},
                                           "rspamd": {"cpu_4k": {"median": 1}, "rate_8": {"median": 1234.5}}})
        lines = bench_table.text(results, {"defender": "Defender", "rspamd": "rspamd"}).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("0.50", lines[1])
        self.assertIn("1.00 (2.0x)", lines[1])
        self.assertRegex(lines[2], r"- +1,234$")


class Counting(unittest.TestCase):
    def test_takes_what_each_object_costs_itself(self):
        self.assertEqual(message_cost.self_costs(CALLGRIND), {"/usr/bin/program": 128, "/lib/libcrypto.so.3": 5000})


class Corpus(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def make(self, name, **changes):
        recipe = {"domains": 3, "messages": 12, "octets": 5000, "content": "mixed", "prefix": "d", "keys": 2,
                  "seed": "1"}
        return gateway_corpus.make(self.folder / name, gateway_corpus.Recipe(**{**recipe, **changes}),
                                   self.folder / "keys")

    def index(self, folder):
        return [line.split("\t") for line in (folder / "index.tsv").read_text(encoding="ascii").splitlines()]

    def test_half_of_it_passes(self):
        kinds = [line[5] for line in self.index(self.make("a"))]
        passing = {name for name, _ in gateway_corpus.PASSING}
        self.assertEqual(sum(kind in passing for kind in kinds), 6)

    def test_messages_are_of_about_the_size_that_is_wanted(self):
        for octets in (4096, 60000):
            folder = self.make(str(octets), octets=octets, messages=4)
            for path in folder.glob("*.eml"):
                self.assertLess(abs(path.stat().st_size - octets), 0.25 * octets)

    def test_the_same_seed_makes_the_same_mail(self):
        self.assertEqual(self.index(self.make("a")), self.index(self.make("b")))

    def test_what_is_there_is_left_as_it_is(self):
        folder = self.make("a")
        (folder / "000000.eml").write_bytes(b"mine")
        self.assertEqual((self.make("a") / "000000.eml").read_bytes(), b"mine")
        self.assertNotEqual((self.make("a", octets=6000) / "000000.eml").read_bytes(), b"mine")

    def test_each_author_domain_has_its_records(self):
        zone = (self.make("a", content="includes", messages=1) / "zone.txt").read_text(encoding="ascii")
        for name in ("_dmarc.d2.example.", "s1._domainkey.d0.example.", "i8.d1.example."):
            self.assertIn(f"\n{name} TXT ", "\n" + zone)


if __name__ == "__main__":
    unittest.main()
