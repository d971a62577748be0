"""Reads Authentication-Results fields (RFC 8601), independently of the program under test."""

import re
from dataclasses import dataclass, field

@dataclass
class MethodResult:
    method: str
    result: str
    reason: str = ""
    properties: dict = field(default_factory=dict)


@dataclass
class AuthResults:
    authserv_id: str
    results: list

    def of(self, method):
        return [result for result in self.results if result.method == method]


def header_fields(message):
    """[(name, value)] of a message, values unfolded by dropping the line ends only; octets."""
    head = re.split(rb"\r?\n\r?\n", message, maxsplit=1)[0]
    fields = []
    for line in re.split(rb"\r?\n", head):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1] += line
        elif b":" in line:
            name, _, value = line.partition(b":")
            fields.append([name.strip(), value])
    return [(name, value) for name, value in fields]


def fields_named(message, name):
    return [value for field_name,
            value in header_fields(message) if field_name.lower() == name.lower().encode()]


def _tokens(text):
    """Splits a value into tokens: ';', '=', words, quoted strings (marked); comments are dropped."""
    tokens, at = [], 0
    while at < len(text):
        char = text[at]
        if char in " \t\r\n":
            at += 1
        elif char == "(":
            at = _after_comment(text, at)
        elif char == '"':
            end, word = _quoted(text, at)
            tokens.append(("word", word))
            at = end
        elif char in ";=":
            tokens.append((char, char))
            at += 1
        else:
            end = at
            while end < len(text) and text[end] not in " \t\r\n;=(\"":
                end += 1
            # A '=' inside a value (header.b=ab=) belongs to it when it follows a '='.
            while end < len(text) and text[end] == "=" and tokens and tokens[-1][0] == "=":
                end += 1
            tokens.append(("word", text[at:end]))
            at = end
    return tokens


def _after_comment(text, at):
    depth = 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return at


def _quoted(text, at):
    word = ""
    at += 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        word += text[at]
        at += 1
    return at + 1, word


def parse(value):
    """An AuthResults; ValueError where the value does not follow RFC 8601's grammar."""
    text = value.decode("utf-8") if isinstance(value, bytes) else value
    groups, group = [], []
    for token in _tokens(text):
        if token[0] == ";":
            groups.append(group)
            group = []
        else:
            group.append(token)
    groups.append(group)
    if not groups[0] or groups[0][0][0] != "word":
        raise ValueError(f"no authserv-id in {text!r}")
    results = [_method(group) for group in groups[1:] if group and [word for _, word in group] != ["none"]]
    return AuthResults(groups[0][0][1], results)


def _method(group):
    pairs, at = [], 0
    while at < len(group):
        words = group[at:at + 3]
        if [kind for kind, _ in words] != ["word", "=", "word"]:
            raise ValueError(f"not NAME=VALUE: {group!r}")
        pairs.append((words[0][1], words[2][1]))
        at += 3
        # A value such as "Some Name"@example.com comes as a quoted string and what follows it.
        while at < len(group) and group[at][0] == "word" and not _is_name(group, at):
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + group[at][1])
            at += 1
    method = MethodResult(pairs[0][0].lower(), pairs[0][1].lower())
    for name, text in pairs[1:]:
        if name == "reason":
            method.reason = text
        else:
            method.properties[name] = text
    return method


def _is_name(group, at):
    """Whether the word at that place stands in front of a '='."""
    return at + 1 < len(group) and group[at + 1][0] == "="
