"""kcat as a function: produce lines, consume to the end, ask for metadata or offsets."""

import subprocess

from story import broker


def kcat(*arguments: str, stdin: bytes | None = None, bootstrap: str | None = None, fails: bool = False, limit_s: float = 30.0) -> str:
    """Runs kcat; returns its standard output. `fails`: expect a non-zero exit and return standard error."""
    command = ["kcat", "-b", bootstrap or broker().bootstrap, *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=limit_s)
    if fails:
        assert done.returncode != 0, f"{command} was expected to fail"
        return done.stderr.decode()
    assert done.returncode == 0, f"{command} exited with {done.returncode}: {done.stderr.decode()}"
    return done.stdout.decode()


def produce(topic: str, lines: list[str], *arguments: str, **options) -> None:
    kcat("-P", "-t", topic, *arguments, stdin="".join(line + "\n" for line in lines).encode(), **options)


def consume(topic: str, *arguments: str, offset: str = "beginning", form: str = "%s\n", **options) -> list[str]:
    """Everything from `offset` to the end, one entry per record as `form` prints it."""
    out = kcat("-C", "-X", "fetch.wait.max.ms=20", "-t", topic, "-q", "-e", "-o", offset, "-f", form, *arguments, **options)
    return out.splitlines()
