#!/usr/bin/python3
"""Walks the includes of the product code and fails on an arrow that goes up or sideways, and on a library's
header outside the few files that are meant to touch that library.

    layering_test.py ROOT     checks the tree at ROOT, after the checker itself has been tried on made-up
    trees
"""

import re
import sys
import tempfile
import unittest
from fnmatch import fnmatch
from pathlib import Path

# From the bottom up. Rooms of one row never include one another; a room includes only what stands in rows
# below.
ROWS = [
    ["common/base"],
    ["common/config", "common/log", "common/metrics"],
    ["common/dns", "common/mail"],
    ["common/auth"],
    ["common/store"],
    ["common/report"],
    ["milter", "reporter", "ctl", "tools"],
]
LEVEL = {room: level for level, row in enumerate(ROWS) for room in row}

# Which files may touch which library: the prefix of its headers, and patterns of paths.
LIBRARIES = {
    "libmilter/": ["milter/libmilter_*"],
    "ares": ["common/dns/ares_*"],
    "boost/asio": ["common/dns/*", "milter/asio_*", "milter/gateway.*", "milter/status_server.*",
                   "ctl/milter_status.*"],
    "spf2/": ["common/auth/spf_engine.*"],
    "opendkim/": ["common/report/mail_signer.*"],
    "openssl/": ["common/auth/digital_signature.*", "common/report/mail_signer.*", "common/store/digest.*"],
    "sqlite3": ["common/store/sqlite_*"],
    "libpq": ["common/store/postgresql_*"],
    "curl/": ["common/report/smtp_*"],
    "pugixml": ["common/report/*xml*"],
    "zlib": ["common/report/gzip*"],
    "libpsl": ["common/auth/public_suffix_list.cpp"],
    "idn2": ["common/base/domain_name.cpp"],
    "toml++/": ["common/config/toml_*"],
    "prometheus/": ["common/metrics/*"],
    "spdlog/": ["common/log/*"],
    "fmt/": ["common/log/*"],
    "systemd/": ["*/main.cpp"],
    "CLI/": ["*/main.cpp", "ctl/*"],
    "nlohmann/": ["common/store/*", "milter/status_server.cpp", "ctl/*", "tools/*"],
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def room_of(path):
    """The room that a path from the root lies in; None for none."""
    parts = path.split("/")
    room = "/".join(parts[:2]) if parts[0] == "common" else parts[0]
    return room if room in LEVEL and len(parts) > room.count("/") + 1 else None


def own_include(root, path, target):
    """What is wrong with `path` including our own header `target`; None where nothing is."""
    if not (root / target).exists():
        return f"{path}: includes \"{target}\", which is not a path from the root"
    here, there = room_of(path), room_of(target)
    if there is None:
        return f"{path}: includes \"{target}\", which is in no room"
    if here == there or LEVEL[there] < LEVEL[here]:
        return None
    direction = "sideways" if LEVEL[there] == LEVEL[here] else "up"
    return f"{path}: includes \"{target}\": {here} must not look {direction} at {there}"


def library_include(path, header):
    """What is wrong with `path` including a library's header; None where nothing is."""
    for prefix, patterns in LIBRARIES.items():
        if header.startswith(prefix) and not any(fnmatch(path, pattern) for pattern in patterns):
            return f"{path}: includes <{header}>, which only {', '.join(patterns)} may"
    return None


def problems(root):
    """Every wrong include of the tree, and every source file that lies in no room."""
    found = []
    for folder in sorted({room.split("/")[0] for room in LEVEL}):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".hpp", ".cpp", ".h", ".cc"):
                continue
            path = file.relative_to(root).as_posix()
            if room_of(path) is None:
                found.append(f"{path}: lies in no room")
                continue
            for quoted, angled in INCLUDE.findall(file.read_text(encoding="utf-8")):
                wrong = own_include(root, path, quoted) if quoted else library_include(path, angled)
                if wrong:
                    found.append(wrong)
    return found


class CheckerTest(unittest.TestCase):
    """The checker on trees that were made up."""

    def tree(self, files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return problems(root)

    def include(self, here, there):
        return self.tree({here: f'#include "{there}"\n', there: ""})

    def test_looking_down_and_within_a_room_is_right(self):
        self.assertEqual(self.include("milter/a.cpp", "common/store/b.hpp"), [])
        self.assertEqual(self.include("common/auth/a.cpp", "common/base/b.hpp"), [])
        self.assertEqual(self.include("common/dns/a.cpp", "common/dns/b.hpp"), [])

    def test_looking_up_is_wrong(self):
        for here, there in (("common/base/a.cpp", "common/log/b.hpp"),
                            ("common/dns/a.hpp", "common/auth/b.hpp"),
                            ("common/auth/a.cpp", "common/store/b.hpp"),
                            ("common/store/a.cpp", "milter/b.hpp")):
            self.assertIn("must not look up", "".join(self.include(here, there)))

    def test_looking_sideways_is_wrong(self):
        for here, there in (("common/log/a.cpp", "common/config/b.hpp"),
                            ("common/dns/a.hpp", "common/mail/b.hpp"),
                            ("milter/a.cpp", "ctl/b.hpp"), ("reporter/a.cpp", "milter/b.hpp")):
            self.assertIn("must not look sideways", "".join(self.include(here, there)))

    def test_a_path_that_is_not_from_the_root_is_wrong(self):
        found = self.tree({"common/base/a.cpp": '#include "b.hpp"\n', "common/base/b.hpp": ""})
        self.assertIn("not a path from the root", "".join(found))

    def test_an_include_of_the_tests_is_wrong(self):
        self.assertIn("in no room", "".join(self.include("milter/a.cpp", "tests/support/b.hpp")))

    def test_a_new_room_must_be_given_a_row(self):
        self.assertIn("lies in no room", "".join(self.tree({"common/misc/a.cpp": ""})))
        self.assertIn("lies in no room", "".join(self.tree({"common/a.cpp": ""})))

    def test_a_library_belongs_to_its_edge_files(self):
        self.assertEqual(self.tree({"common/dns/ares_channel.hpp": "#include <ares.h>\n",
                                    "milter/libmilter_frontend.cpp": "#include <libmilter/mfapi.h>\n"}), [])
        for path, header in (("common/dns/lookup.cpp", "ares.h"), ("milter/session.cpp", "libmilter/mfapi.h"),
                             ("common/auth/judge.cpp", "boost/asio/post.hpp"),
                             ("ctl/explain.cpp", "sqlite3.h"),
                             ("common/mail/author.cpp", "idn2.h"),
                             ("common/auth/spf_check.hpp", "spf2/spf.h")):
            self.assertIn(header, "".join(self.tree({path: f"#  include <{header}>\n"})))

    def test_an_include_in_a_comment_counts_only_at_the_start_of_a_line(self):
        self.assertEqual(self.tree({"common/base/a.cpp": "// #include <ares.h>\n"}), [])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tried = unittest.TextTestRunner(stream=sys.stdout).run(
        unittest.defaultTestLoader.loadTestsFromTestCase(CheckerTest))
    found = problems(Path(sys.argv[1]))
    for problem in found:
        print(problem)
    print(f"{len(found)} wrong includes")
    return 1 if found or not tried.wasSuccessful() else 0


if __name__ == "__main__":
    sys.exit(main())
