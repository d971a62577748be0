"""DKIM keys and signatures for the tests.

`dkimpy_sign` is dkimpy, an implementation that shares nothing with the one under test. `sign` makes
signatures that dkimpy would not make: any tag with any value, any domain, an expiry, a body length.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

import nacl.encoding
import nacl.signing
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import dkim

SIGNED = ["From", "To", "Subject", "Date", "Message-ID"]


@dataclass
class Key:
    algorithm: str
    private: object
    private_text: bytes  # as dkimpy takes it
    record: str          # the key record to publish


def rsa_key(bits=2048, algorithm="rsa-sha256"):
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                serialization.NoEncryption())
    der = private.public_key().public_bytes(serialization.Encoding.DER,
                                            serialization.PublicFormat.SubjectPublicKeyInfo)
    return Key(algorithm, private, pem, "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode())


def ed25519_key():
    private = nacl.signing.SigningKey.generate()
    public = private.verify_key.encode(nacl.encoding.Base64Encoder).decode()
    return Key("ed25519-sha256", private, private.encode(nacl.encoding.Base64Encoder),
               f"v=DKIM1; k=ed25519; p={public}")


def dkimpy_sign(message, key, domain, selector, headers=None, canonicalization=("relaxed", "relaxed"),
                **options):
    """The message with dkimpy's signature in front."""
    names = [name.lower().encode() for name in headers] if headers else None
    field = dkim.sign(message, selector.encode(), domain.encode(), key.private_text, include_headers=names,
                      signature_algorithm=key.algorithm.encode(),
                      canonicalize=tuple(part.encode() for part in canonicalization), **options)
    return field + message


def sign(message, key, domain, selector, headers=None, body_octets=None, tags=None):
    """The message with a relaxed/relaxed signature in front. `tags` adds tags, or replaces those of that
    name."""
    head, _, body = message.partition(b"\r\n\r\n")
    canonical_body = dkim.canonicalization.Relaxed.canonicalize_body(body)
    all_tags = {"v": "1", "a": key.algorithm, "c": "relaxed/relaxed", "d": domain, "s": selector,
                "h": ":".join(headers or SIGNED)}
    if body_octets is not None:
        canonical_body = canonical_body[:body_octets]
        all_tags["l"] = str(body_octets)
    digest = hashlib.sha1 if key.algorithm == "rsa-sha1" else hashlib.sha256
    all_tags["bh"] = base64.b64encode(digest(canonical_body).digest()).decode()
    all_tags.update(tags or {})
    field = " " + "; ".join(f"{name}={value}" for name, value in all_tags.items()) + "; b="
    signed = _signed_header(head, all_tags["h"].split(":")) + b"dkim-signature:" + _relaxed(field.encode())
    signature = base64.b64encode(_signature(key, signed, digest)).decode()
    return b"DKIM-Signature:" + field.encode() + signature.encode() + b"\r\n" + message


def _signature(key, octets, digest):
    if key.algorithm == "ed25519-sha256":
        return key.private.sign(digest(octets).digest()).signature
    return key.private.sign(octets, padding.PKCS1v15(),
                            hashes.SHA1() if digest is hashlib.sha1 else hashes.SHA256())


def _signed_header(head, names):
    fields = [line for line in re.split(rb"\r\n(?![ \t])", head) if line]
    left, signed = list(fields), b""
    for name in names:
        for at in range(len(left) - 1, -1, -1):
            if left[at].partition(b":")[0].strip().lower() == name.strip().lower().encode():
                signed += name.strip().lower().encode() + b":" + _relaxed(left.pop(at).partition(b":")[2]) + b"\r\n"
                break
    return signed


def _relaxed(value):
    return re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()
