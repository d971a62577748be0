"""The message builders of the end-to-end table: octets with CRLF line ends, signed where a row wants it."""

from email.utils import formatdate, make_msgid

from lab.arc import seal
from lab.signing import dkimpy_sign, sign

BODY = b"Hello,\r\n\r\nthis is the body.\r\n"


def plain(author="Ann <ann@good.example>", *, headers=(), body=BODY, subject="A message", front=()):
    """An unsigned message. `author` is the From field's value (None: no From field); `front` stands above
    it."""
    fields = [_octets(field) for field in front]
    if author is not None:
        fields.append(b"From: " + _octets(author))
    fields += [b"To: user@lab.example", b"Subject: " + _octets(subject), b"Date: " + formatdate().encode(),
               b"Message-ID: " + make_msgid(domain="lab.example").encode()]
    fields += [_octets(field) for field in headers]
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def signed(keys, domain="good.example", selector="s1", key=None, canonicalization=("relaxed", "relaxed"),
           **options):
    """As plain(), with dkimpy's signature."""
    return dkimpy_sign(plain(**options), key or keys.rsa, domain, selector, canonicalization=canonicalization)


def oddly_signed(keys, domain="good.example", selector="s1", key=None, tags=None, sign_headers=None,
                 body_octets=None, **options):
    """As plain(), with a signature that dkimpy would not make."""
    return sign(plain(**options), key or keys.rsa, domain, selector, headers=sign_headers,
                body_octets=body_octets,
                tags=tags)


def listed(keys, domain="lists.example", results="dmarc=pass header.from=good.example", **options):
    """As signed(), sent through a mailing list that writes below the text and seals what it saw before."""
    message = signed(keys, **options) + b"-- \r\nthe list\r\n"
    seen = f"Authentication-Results: {domain}; arc=none smtp.remote-ip=192.0.2.77; {results}\r\n".encode()
    return seal(seen + message, keys.rsa.private_text, domain, "s1", domain)


def _octets(text):
    return text if isinstance(text, bytes) else text.encode()
