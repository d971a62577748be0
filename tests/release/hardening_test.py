#!/usr/bin/python3
"""Looks in programs for what cmake/Hardening.cmake asks of compiler and linker.

    hardening_test.py PROGRAM...
"""

import platform
import re
import subprocess
import sys

# In the code that GCC adds to every program, whatever the flags.
MARKS_OF_START_CODE = 2


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def is_x86():
    return platform.machine() == "x86_64"


def lacks(program):
    """What a program lacks, in words."""
    header = output("readelf", "-Wh", program)
    segments = output("readelf", "-Wl", program)
    dynamic = output("readelf", "-Wd", program)
    symbols = output("readelf", "-W", "--dyn-syms", program)
    stack = re.search(r"GNU_STACK.*?\s(R\S*)\s+0x\w+$", segments, re.MULTILINE)
    has = {
        "position-independent (PIE)": "DYN (" in header and re.search(r"FLAGS_1.*\bPIE\b", dynamic),
        "relocations that are read-only (RELRO)": "GNU_RELRO" in segments,
        "symbols bound at the start (BIND_NOW)": re.search(r"FLAGS_1.*\bNOW\b", dynamic),
        "a stack that is not executable": stack and "E" not in stack[1],
        "no segment both writable and executable": not re.search(r"LOAD.*\sRWE\s", segments),
        "no relocations in its text": "TEXTREL" not in dynamic,
        "no search path for libraries": not re.search(r"\((RPATH|RUNPATH)\)", dynamic),
        "guards of the stack": "__stack_chk_fail" in symbols,
        "checked functions (_FORTIFY_SOURCE)": re.search(r"\b__\w+_chk\b", symbols),
    }
    if is_x86():
        code = output("objdump", "-d", "--no-show-raw-insn", program)
        # The mark of the whole program is not there, as it takes start code that has it, too.
        has["targets of indirect calls that are marked (-fcf-protection)"] = \
            code.count("endbr64") > MARKS_OF_START_CODE
        has["its stack touched page by page"] = re.search(r"\bor[lq]?\s+\$0x0,(0x\w+)?\(%rsp", code)
    return [what for what, found in has.items() if not found]


def main():
    programs = sys.argv[1:]
    if not programs:
        sys.exit(__doc__)
    found = [f"{program}: is not or has not: {what}" for program in programs for what in lacks(program)]
    if found:
        sys.exit("\n".join(found))
    print(f"{len(programs)} programs are hardened")


if __name__ == "__main__":
    main()
