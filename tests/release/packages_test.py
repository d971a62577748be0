#!/usr/bin/python3
"""What the packages say against what the build says: one version, one list of what it takes to build.

    packages_test.py ROOT
"""

import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1]).resolve() if len(sys.argv) == 2 else sys.exit(__doc__)

# What scripts/install-build-deps.sh installs besides: Debian's build-essential, what speeds a build up or fetches the
# sources, and what the programs look for when they run.
NOT_TO_BUILD = {"g++", "ccache", "git", "ca-certificates", "publicsuffix"}
# What builds packages and not programs.
OF_PACKAGING = {"debhelper-compat", "dh-sequence-installsysusers"}


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def paragraphs():
    """debian/control, each paragraph as {field: value}."""
    found = []
    for paragraph in text("debian/control").split("\n\n"):
        fields = re.findall(r"^([\w-]+):((?:.*\n?)(?:[ \t].*\n?)*)", paragraph, re.MULTILINE)
        found.append({name: value.strip() for name, value in fields})
    return found


def names(relations):
    """The packages of a field such as Build-Depends."""
    return {re.match(r"[\w.+-]+", relation.strip())[0] for relation in relations.split(",") if relation.strip()}


def version_problems():
    built = re.search(r"project\(defender VERSION ([\d.]+)", text("CMakeLists.txt"))[1]
    packed = re.match(r"defender \(([^)]+)\)", text("debian/changelog"))[1]
    if packed != built:
        yield f"debian/changelog has version {packed}, CMakeLists.txt {built}"
    if not re.search(rf"^## {re.escape(built)}\b", text("CHANGELOG.md"), re.MULTILINE):
        yield f"CHANGELOG.md has no section {built}"


def dependency_problems(source):
    script = re.search(r"packages=\((.*?)\)", text("scripts/install-build-deps.sh"), re.DOTALL)[1]
    installed = set(script.split()) - NOT_TO_BUILD
    declared = names(source["Build-Depends"]) - OF_PACKAGING
    for name in sorted(installed - declared):
        yield f"{name} is in scripts/install-build-deps.sh and not in debian/control"
    for name in sorted(declared - installed):
        yield f"{name} is in debian/control and not in scripts/install-build-deps.sh"


def package_problems(packages):
    named = {package["Package"] for package in packages}
    for file in sorted((ROOT / "debian").glob("defender-*.*")):
        if file.name.partition(".")[0] not in named:
            yield f"debian/{file.name} is of no package"
    for package in packages:
        for field in ("Depends", "Description", "Architecture"):
            if field not in package:
                yield f"{package['Package']}: no {field}"


def main():
    source, *packages = paragraphs()
    found = [*version_problems(), *dependency_problems(source), *package_problems(packages)]
    if found:
        sys.exit("\n".join(found))
    print(f"{len(packages)} packages agree with the build")


if __name__ == "__main__":
    main()
