"""ARC by dkimpy, an implementation that shares nothing with the one under test."""

from lab.dkimpy import dkim

SIGNED = [b"from", b"to", b"subject", b"date"]


def seal(message, private_key, domain, selector, authserv_id):
    """The message with one more set on top; what is sealed is its Authentication-Results field of that id."""
    fields = dkim.arc_sign(message, selector.encode(), domain.encode(), private_key, authserv_id.encode(),
                           include_headers=SIGNED)
    return b"".join(field.rstrip(b"\r\n") + b"\r\n" for field in fields) + message


def chain_status(message, keys):
    """The chain validation status; `keys` has the key record of each name, both as octets."""
    status, _, _ = dkim.arc_verify(message, dnsfunc=lambda name, timeout=5: keys.get(name.rstrip(b".")))
    return status.decode() if status else "ended"
