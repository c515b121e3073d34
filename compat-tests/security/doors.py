"""Logging in by hand at one node and no other: TLS, SaslHandshake (version 1), SaslAuthenticate (version 0) by PLAIN or SCRAM-SHA-512.

A client looks for brokers until one lets it in; stories ask what this very node does, at this very moment.
"""

import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
from dataclasses import dataclass
from pathlib import Path

from asking import Reader, receive

SASL_HANDSHAKE, SASL_AUTHENTICATE = 17, 36


class Refused(OSError):
    """The node does not accept the login: the error's code, and what it says."""


@dataclass(frozen=True)
class Secured:
    """A node's door for one user (asking.Door)."""

    port: int
    trusted: Path
    mechanism: str
    user: str
    password: str

    def dial(self, limit_s: float) -> ssl.SSLSocket:
        link = self.encrypted(limit_s)
        try:
            log_in(link, self.mechanism, self.user, self.password)
        except BaseException:
            link.close()
            raise
        return link

    def encrypted(self, limit_s: float) -> ssl.SSLSocket:
        """Before any login."""
        context = ssl.create_default_context(cafile=str(self.trusted))
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), limit_s), server_hostname="localhost")


def log_in(link: socket.socket, mechanism: str, user: str, password: str) -> None:
    answer = exchange(link, SASL_HANDSHAKE, 1, text(mechanism.encode()))
    if code := answer.take("h"):
        raise Refused(code, f"{mechanism} is not enabled")
    if mechanism == "PLAIN":
        token(link, b"\0%s\0%s" % (user.encode(), password.encode()))
    else:
        by_scram(link, user, password)


def by_scram(link: socket.socket, user: str, password: str) -> None:
    """RFC 5802 with SHA-512; the broker's own proof is checked too."""
    nonce = base64.b64encode(os.urandom(18)).decode()
    first = f"n={user},r={nonce}"
    challenge = token(link, f"n,,{first}".encode()).decode()
    fields = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
    final = f"c=biws,r={fields['r']}"
    said = f"{first},{challenge},{final}".encode()
    key = hmac.digest(salted, b"Client Key", "sha512")
    signature = hmac.digest(hashlib.sha512(key).digest(), said, "sha512")
    proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
    last = token(link, f"{final},p={base64.b64encode(proof).decode()}".encode())
    expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha512"), said, "sha512")
    assert last == b"v=" + base64.b64encode(expected), "the broker does not know the password either"


def token(link: socket.socket, data: bytes) -> bytes:
    answer = exchange(link, SASL_AUTHENTICATE, 0, struct.pack(">i", len(data)) + data)
    code, why = answer.take("h"), answer.take("h")
    said = answer.skip(why).decode()
    if code:
        raise Refused(code, said)
    return answer.skip(answer.take("i"))


def exchange(link: socket.socket, key: int, version: int, body: bytes) -> Reader:
    request = struct.pack(">hhi", key, version, 1) + text(b"stories") + body
    link.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", receive(link, 4))
    answer = Reader(receive(link, size))
    answer.take("i")
    return answer


def text(data: bytes) -> bytes:
    return struct.pack(">h", len(data)) + data
