"""ApiVersions (KIP-35, KIP-511, KIP-584): the ranges of what is served, software names, versions beyond ours."""

import struct

from codec import key
from session import Session, script


def served_only(answer: dict) -> dict:
    """Drops what Ottla does not serve yet; an API it advertises beyond the table shows as a difference."""
    from __main__ import SERVED

    served = {key(api) for api in SERVED}
    unserved_by_kafka_only = [entry for entry in answer["api_keys"] if entry["api_key"] in served or entry["max_version"] < 0]
    return answer | {"api_keys": unserved_by_kafka_only}


@script("ApiVersions")
def ranges(s: Session, version: int):
    s.ask("the ranges", {"client_software_name": "differential", "client_software_version": "1.0"}, keep=served_only)
    s.ask("asked again", {"client_software_name": "differential", "client_software_version": "1.0"}, keep=served_only)


@script("ApiVersions")
def software_names(s: Session, version: int):
    for name, software in {
        "empty": ("", ""), "no version": ("good", ""), "spaces": ("a b", "1"), "leading dash": ("-a", "1"), "trailing dot": ("a", "1."),
        "one letter": ("a", "1"), "dots and dashes": ("a.b-c", "1.2-rc.3"), "not ascii": ("naïve", "1"),
    }.items():
        s.ask(f"software: {name}", {"client_software_name": software[0], "client_software_version": software[1]}, keep=served_only)


@script("ApiVersions")
def versions_beyond(s: Session, version: int):
    if version > 0:
        return
    for asked in (5, 6, 100, 32767):
        header = struct.pack(">hhi", 18, asked, s.connection().correlation + 1) + b"\x00\x01c" + b"\0" + b"\0"
        s.connection().correlation += 1
        s.ask_bytes(f"version {asked} is answered in version 0", header, version=0)
