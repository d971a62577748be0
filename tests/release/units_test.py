#!/usr/bin/python3
"""The systemd units as CMake writes them: how far they are shut in, and whether they say what they must.

    units_test.py FOLDER

Asks systemd-analyze, which needs neither a running systemd nor root.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "systemd"
SERVICES = ("defender-milter", "defender-reporter", "defender-expire")
# Of 10: the lower, the less of the host a service can reach that is taken over.
MOST_EXPOSURE = 2.0
# What the daemons tell the service manager; see the manuals.
OF_DAEMONS = {"Type": "notify", "Restart": "on-failure", "WatchdogSec": None, "User": "defender"}
# Named one by one, as the sum alone would let one go for another.
OF_ALL = {"NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict", "ProtectHome": "yes",
          "PrivateTmp": "yes", "PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes",
          "SystemCallArchitectures": "native", "RestrictNamespaces": "yes", "User": "defender"}


def settings_of(unit):
    """{name: [values]} of a unit's lines."""
    found = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def exposure(unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
                          capture_output=True, text=True, check=False)
    figure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    if not figure:
        raise RuntimeError(f"systemd-analyze security {unit}: {done.stdout}{done.stderr}")
    return float(figure[1])


def complaints(units):
    """What systemd-analyze verify finds wrong, but that the programs and their manuals are not installed."""
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
                          capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines()
            if "defender" in line and "is not executable: No such file" not in line]


def problems_of(name, unit, wanted):
    found = settings_of(unit)
    for setting, value in wanted.items():
        if setting not in found:
            yield f"{name}: no {setting}"
        elif value is not None and found[setting] != [value]:
            yield f"{name}: {setting} is {found[setting]}, not {value}"
    figure = exposure(unit)
    print(f"{name}: exposure {figure}")
    if figure >= MOST_EXPOSURE:
        yield f"{name}: exposure {figure}, not below {MOST_EXPOSURE}"


def instance_problems(name, unit):
    """A template must share nothing with the one instance of a host."""
    text = unit.read_text(encoding="utf-8")
    for line in re.findall(r"^Exec(?:Start|StartPre)=.*$", text, re.MULTILINE):
        if "/etc/defender/%i.toml" not in line:
            yield f"{name}: {line} has not the settings of the instance"
    for folder in re.findall(r"^(?:Runtime|State)Directory=(.*)$", text, re.MULTILINE):
        if "%i" not in folder:
            yield f"{name}: the folder {folder} is not the instance's"
    if "@DEFENDER" in text or "@CMAKE" in text:
        yield f"{name}: a variable of CMake's was not filled in"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        units = []
        for service in SERVICES:
            template = folder / f"{service}@.service"
            instance = Path(temporary) / f"{service}@one.service"
            instance.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
            found += instance_problems(template.name, template)
            wanted = OF_ALL | (OF_DAEMONS if service != "defender-expire" else {})
            for unit in (folder / f"{service}.service", instance):
                found += problems_of(unit.name, unit, wanted)
                units.append(unit)
        units.append(SOURCES / "defender-expire.timer")
        found += complaints(units)
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
