"""A DNS server for places of a network: A records of names that stories give it, nothing else. NXDOMAIN for names that it does not know.

Answers AAAA of known names with nothing, as a cluster without IPv6 does.
"""

import socket
import struct
import threading

A, IN = 1, 1
NO_SUCH_NAME = 3


class Resolver:
    """Listens on port 53 of every address here, until the process ends."""

    def __init__(self):
        self.names: dict[str, list[str]] = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("0.0.0.0", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def set(self, name: str, *addresses: str) -> None:
        self.names[name.lower().rstrip(".")] = list(addresses)

    def _serve(self) -> None:
        while True:
            question, sender = self.socket.recvfrom(4096)
            self.socket.sendto(self.answer(question), sender)

    def answer(self, question: bytes) -> bytes:
        name, end = name_at(question, 12)
        (kind,) = struct.unpack_from(">H", question, end)
        addresses = self.names.get(name.lower())
        found = addresses if addresses and kind == A else []
        status = 0x8180 | (0 if addresses is not None else NO_SUCH_NAME)
        head = question[:2] + struct.pack(">HHHHH", status, 1, len(found), 0, 0)
        # 0xC00C: the name that was asked for. Nobody may keep the answer: pods move.
        records = [struct.pack(">HHHIH", 0xC00C, A, IN, 0, 4) + socket.inet_aton(address) for address in found]
        return head + question[12 : end + 4] + b"".join(records)


def name_at(message: bytes, start: int) -> tuple[str, int]:
    labels = []
    while length := message[start]:
        labels.append(message[start + 1 : start + 1 + length].decode())
        start += 1 + length
    return ".".join(labels), start + 1
