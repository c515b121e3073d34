"""The program `ottla` as people run it, against whichever broker is under test."""

import json
import os
import subprocess

import paths
from story import broker


def run(*words: str, stdin: bytes = b"", bootstrap: str | None = None, code: int = 0, limit_s: float = 60.0) -> str:
    """Runs it; returns standard output. With another exit code than the one expected it fails; standard error is returned after standard output then."""
    command = [str(paths.OTTLA), *words, "--bootstrap-server", bootstrap or broker().bootstrap]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTTLA_")}
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=limit_s, env=environment)
    said = done.stdout.decode()
    assert done.returncode == code, f"{command} exited with {done.returncode}: {said}{done.stderr.decode()}"
    return said if code == 0 else said + done.stderr.decode()


def of_json(*words: str, **options):
    return json.loads(run(*words, "--json", **options).splitlines()[0])


def findings(*words: str, weight: str = "problem", **options) -> list[str]:
    """What `ottla doctor` finds; not of the disks, for the machine's may be full."""
    told = of_json("doctor", *words, **options)
    return [f"{one['finding']}; {one['remedy']}" for one in told["findings"] if one["weight"] == weight and one["check"] != "disks"]
