"""The fenced blocks of a Markdown page, and its links."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(.*)$")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass
class Block:
    """`info` is what stands behind the opening fence: a language, and for sh how it is to be taken."""

    page: Path
    line: int
    info: str
    text: str

    @property
    def language(self):
        return self.info.split(maxsplit=1)[0] if self.info else ""

    @property
    def mark(self):
        return self.info.partition(" ")[2].strip()

    def __str__(self):
        return f"{self.page.name}:{self.line}"


def blocks(page):
    found, begun, lines = [], None, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(line)
        if fence and begun is None:
            begun, lines = Block(page, number, fence.group(1).strip(), ""), []
        elif fence:
            begun.text = "\n".join(lines) + "\n"
            found.append(begun)
            begun = None
        elif begun is not None:
            lines.append(line)
    if begun is not None:
        raise ValueError(f"{begun}: a block without an end")
    return found


def without_blocks(page):
    text, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            text.append(line)
    return "\n".join(text)


def links(page):
    """Targets within the tree, as (path, anchor)."""
    for target in LINK.findall(without_blocks(page)):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def anchors(page):
    """As GitHub names headings."""
    names = set()
    for line in without_blocks(page).splitlines():
        if line.startswith("#"):
            name = line.lstrip("#").strip().lower()
            names.add(re.sub(r"[^\w\- ]", "", name).replace(" ", "-"))
    return names
