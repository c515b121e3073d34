"""What lies under every API: sizes, headers, keys and versions that nobody serves, bodies cut short or too long."""

import struct

from session import Session, frame, script

HEADER = struct.pack(">hhih", 3, 9, 7, 1) + b"c"


@script("ApiVersions")
def frames(s: Session, version: int):
    if version != 0:
        return
    for label, raw in {
        "size 0": struct.pack(">i", 0),
        "size negative": struct.pack(">i", -1),
        "size above the limit": struct.pack(">i", 104_857_601) + b"\0" * 100,
        "size most negative": struct.pack(">i", -(1 << 31)),
        "a header of 3 bytes": frame(b"\0\3\0"),
        "a header without client id": frame(struct.pack(">hhi", 3, 9, 7)),
        "a client id beyond the frame": frame(struct.pack(">hhih", 3, 9, 7, 100) + b"c"),
        "a client id that is not UTF-8": frame(struct.pack(">hhih", 18, 0, 7, 2) + b"\xff\xfe"),
        "unknown key": frame(struct.pack(">hhih", 500, 0, 7, 1) + b"c"),
        "negative key": frame(struct.pack(">hhih", -1, 0, 7, 1) + b"c"),
        "a key of old controllers": frame(struct.pack(">hhih", 4, 0, 7, 1) + b"c"),
        "a version below": frame(struct.pack(">hhih", 1, 3, 7, 1) + b"c"),
        "a version above": frame(struct.pack(">hhih", 3, 100, 7, 1) + b"c\0"),
        "a negative version": frame(struct.pack(">hhih", 3, -1, 7, 1) + b"c"),
        "produce version 0": frame(struct.pack(">hhih", 0, 0, 7, 1) + b"c" + struct.pack(">hii", 1, 1000, 0)),
        "an empty body": frame(HEADER),
        "a body of noise": frame(HEADER + b"\xff" * 50),
        "an array beyond the bytes": frame(struct.pack(">hhih", 3, 1, 7, 1) + b"c" + struct.pack(">i", 0x7FFFFFFF)),
        "a negative array where null is not allowed": frame(struct.pack(">hhih", 20, 1, 7, 1) + b"c" + struct.pack(">ii", -1, 1000)),
        "a tagged field beyond the bytes": frame(HEADER + b"\x01\x05\xff\xff\xff\xff\x0f"),
        "plain text": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a TLS hello": bytes.fromhex("16030100c8010000c40303") + b"\0" * 200,
    }.items():
        s.frame(label, raw)


@script("Metadata")
def bodies(s: Session, version: int):
    topic = s.topic("bodies")
    good = {"topics": [{"name": topic}]}
    s.ask("no client id", good, client=None)
    s.ask("an empty client id", good, client="")
    s.ask("bytes after the body", good, trailing=b"\0\0\0")
    request = s.connection().request("Metadata", version, good)
    s.ask_bytes("a byte short", request[:-1])
    if version >= 9:
        s.ask("unknown tagged fields", good | {"_tags": [(77, b"later")]})
