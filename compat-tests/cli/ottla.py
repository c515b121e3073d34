"""The program `ottla` as people run it, against whichever broker is under test."""

import json
import os
import subprocess

import paths
from story import broker


def done(*words: str, stdin: bytes = b"", bootstrap: str | None = None, limit_s: float = 180.0) -> subprocess.CompletedProcess:
    command = [str(paths.OTTLA), *words, "--bootstrap-server", bootstrap or broker().bootstrap]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTTLA_")}
    return subprocess.run(command, input=stdin, capture_output=True, timeout=limit_s, env=environment)


def run(*words: str, code: int = 0, **options) -> str:
    """Runs it; returns standard output, and standard error behind it when another exit code than 0 is expected."""
    ended = done(*words, **options)
    said, wrong = ended.stdout.decode(), ended.stderr.decode()
    assert ended.returncode == code, f"{ended.args} exited with {ended.returncode}: {said}{wrong}"
    return said if code == 0 else said + wrong


def of_json(*words: str, **options):
    return json.loads(run(*words, "--json", **options).splitlines()[0])


def findings(*words: str, weight: str = "problem", code: int = 0, **options) -> list[str]:
    """What `ottla doctor` finds of one weight; not of the disks, for the machine's own may be full."""
    ended = done("doctor", "--json", *words, **options)
    told = json.loads(ended.stdout)
    is_full = any(one["check"] == "disks" and one["weight"] == "problem" for one in told["findings"])
    assert ended.returncode == code or (is_full and ended.returncode == 3), f"{ended.args} exited with {ended.returncode}: {ended.stdout.decode()}"
    return [f"{one['finding']}; {one['remedy']}" for one in told["findings"] if one["weight"] == weight and one["check"] != "disks"]
