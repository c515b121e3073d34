"""One connection that speaks frames: well-formed requests by API and version, or any bytes at all."""

import socket
import struct

from codec import Reader, encode, fields, is_flexible, key


class Closed(Exception):
    """The broker closed the connection instead of answering."""


class Silent(Exception):
    """No answer within the limit."""


class Connection:
    def __init__(self, port: int, limit_s: float = 6.0):
        self.socket = socket.create_connection(("localhost", port), timeout=limit_s)
        self.correlation = 0

    def close(self) -> None:
        self.socket.close()

    def request(self, api: str, version: int, body: dict, client: str | None = "differential", trailing: bytes = b"") -> bytes:
        """A whole request without its size: header and body."""
        self.correlation += 1
        flexible = is_flexible(api, "request", version)
        name = struct.pack(">h", -1) if client is None else struct.pack(">h", len(client)) + client.encode()
        header = struct.pack(">hhi", key(api), version, self.correlation) + name + (b"\0" if flexible else b"")
        return header + encode(fields(api, "request", version), body) + trailing

    def send(self, request: bytes) -> None:
        self.send_raw(struct.pack(">i", len(request)) + request)

    def send_raw(self, raw: bytes) -> None:
        try:
            self.socket.sendall(raw)
        except OSError as error:
            raise Closed from error

    def receive(self) -> bytes:
        """The next frame without its size."""
        (size,) = struct.unpack(">i", self._exactly(4))
        return self._exactly(size)

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            try:
                part = self.socket.recv(count - len(found))
            except TimeoutError as error:
                raise Silent from error
            except OSError as error:
                raise Closed from error
            if not part:
                raise Closed
            found += part
        return found

    def answer(self, api: str, version: int) -> dict:
        """The next frame decoded as the answer to `api` at `version`; it must be the one that was asked for last."""
        reader = Reader(self.receive())
        correlation = reader.number(">i")
        if correlation != self.correlation:
            raise ValueError(f"correlation id {correlation}, {self.correlation} was asked")
        if api != "ApiVersions" and is_flexible(api, "response", version):
            reader.tags({})
        body = reader.fields(fields(api, "response", version))
        reader.end()
        return body
