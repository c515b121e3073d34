"""What running the own tests of a Go client takes: the test program, what it says, and a list of what may not pass.

A list (kgo-expected.toml, sarama-expected.toml) holds entries of

    tests    exact names, of subtests too
    outcome  "fails"; "skips" (the test skips itself); "left out" (it is not run, for it would wait forever)
    until    the API that is lacking. A broker that serves it (Apache Kafka; Ottla one day) is judged without the entry, and
             Ottla fails the suite until the entry is removed.
    because  the reason: a feature of a later issue, or what the test asks of its surroundings

Every other test must pass. One that does not behave as its entry says, passing above all, fails the suite.
"""

import json
import os
import socket
import struct
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import paths
from targets import Broker

KEYS = {"AddPartitionsToTxn": 24, "AlterClientQuotas": 49, "ConsumerGroupHeartbeat": 68, "ShareFetch": 78}
OUTCOMES = {"fails": "fail", "skips": "skip"}


@dataclass
class Excepted:
    """One entry of a list."""

    tests: list[str]
    outcome: str
    because: str
    until: str | None = None


@dataclass
class Told:
    """What the tests said: outcome (pass, fail, skip) and output by test, in the order they began."""

    outcomes: dict[str, str] = field(default_factory=dict)
    output: dict[str, list[str]] = field(default_factory=dict)

    def hear(self, event: dict) -> None:
        test = event.get("Test", "")
        if event["Action"] == "run":
            self.outcomes[test] = "did not end"
        elif event["Action"] in ("pass", "fail", "skip") and test:
            self.outcomes[test] = event["Action"]
        elif event["Action"] == "output":
            self.output.setdefault(test, []).append(event["Output"])


def judged(broker: Broker, program: Path, folder: Path, listed: Path, environment: dict[str, str], only: str | None, limit_s: int) -> int:
    """Runs a test program in the folder it was built from, prints what it said as stories, returns the exit status."""
    entries = [Excepted(**entry) for entry in tomllib.loads(listed.read_text())["exception"]]
    keys = served(broker)
    holding = [one for one in entries if one.until is None or KEYS[one.until] not in keys]
    left_out = "|".join(f"^{test}$" for one in holding if one.outcome == "left out" for test in one.tests)
    options = ["-test.v=test2json", f"-test.timeout={limit_s}s", "-test.run", only or ".", "-test.skip", left_out]
    told = run(["go", "tool", "test2json", str(program), *options], folder, environment)
    wrong = judge(told, holding, whole=only is None)
    if broker.name == "ottla":
        wrong += [f"{one.until}: is served now: take {one.tests} out of {listed.name}" for one in entries if one not in holding]
    return report(told, holding, wrong)


def served(broker: Broker) -> set[int]:
    """The API keys that ApiVersions lists."""
    with socket.create_connection(("localhost", next(iter(broker.ports.values()))), timeout=10) as connection:
        request = struct.pack(">hhih", 18, 0, 1, -1)
        connection.sendall(struct.pack(">i", len(request)) + request)
        stream = connection.makefile("rb")
        (size,) = struct.unpack(">i", stream.read(4))
        answer = stream.read(size)
    _, error, count = struct.unpack_from(">ihi", answer)
    assert error == 0, error
    return {struct.unpack_from(">hhh", answer, 10 + 6 * number)[0] for number in range(count)}


def run(command: list[str], folder: Path, environment: dict[str, str]) -> Told:
    told = Told()
    with subprocess.Popen(command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as child:
        for line in child.stdout:
            told.hear(json.loads(line) if line.startswith("{") else {"Action": "output", "Output": line})
    return told


def judge(told: Told, entries: list[Excepted], whole: bool) -> list[str]:
    """What is wrong: tests that neither pass nor are excepted, and entries that do not hold."""
    wanted = {test: OUTCOMES.get(one.outcome, "none") for one in entries for test in one.tests}
    wrong = []
    for test, outcome in told.outcomes.items():
        if outcome == "pass" and test in wanted:
            wrong.append(f"{test}: passes: take it out of the list")
        elif outcome != wanted.get(test, "pass") and not is_told_by_subtests(test, outcome, told, wanted):
            wrong.append(f"{test}: {outcome}")
    absent = [test for test, outcome in wanted.items() if outcome != "none" and test not in told.outcomes]
    return wrong + [f"{test}: is listed, but there is no such test" for test in absent if whole]


def is_told_by_subtests(test: str, outcome: str, told: Told, wanted: dict[str, str]) -> bool:
    """Whether a test fails only because subtests do that may."""
    failing = [one for one, how in told.outcomes.items() if how == "fail" and one.startswith(f"{test}/")]
    return outcome == "fail" and bool(failing) and all(wanted.get(one) == "fail" for one in failing)


def report(told: Told, entries: list[Excepted], wrong: list[str]) -> int:
    for one in entries:
        print(f"  -    {', '.join(one.tests)}: {one.outcome}: {one.because}")
    passed = sum(outcome == "pass" for test, outcome in told.outcomes.items() if "/" not in test)
    if not passed:
        wrong.append("the program: no test of it passed")
        told.output["the program"] = told.output.get("", [])
    for what in wrong:
        print(f"  FAIL {what}")
        print("".join(f"       {line}" for line in told.output.get(what.split(":")[0], [])), end="")
    print(f"stories: {passed} passed, {len(wrong)} failed")
    return 1 if wrong else 0


def folder_of(package: str) -> Path:
    """Where the sources of a package of our modules are."""
    answer = subprocess.run(["go", "list", "-f", "{{.Dir}}", package], cwd=paths.COMPAT / "go", capture_output=True, text=True, check=True)
    return Path(answer.stdout.strip())
