"""franz-go's own tests of its client, unchanged, against a fresh broker; judged by kgo-expected.toml.

The package's unit tests run along: which of its tests need a broker is theirs to say. Counted are whole tests, subtests only
when they fail. Run a part: `kgo.py TestGroupETL` (a regular expression of Go's).
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field

import paths
from targets import Broker, target

PACKAGE = "github.com/twmb/franz-go/pkg/kgo"
LIMIT_S = 400
# What each chain of consumers in TestGroupETL and TestTxnEtl carries; the tests' own default is 500,000.
RECORDS = 50_000
KEYS = {"AddPartitionsToTxn": 24, "ConsumerGroupHeartbeat": 68, "ShareFetch": 78}


@dataclass
class Excepted:
    """One entry of kgo-expected.toml."""

    tests: list[str]
    outcome: str
    because: str
    until: str | None = None


@dataclass
class Told:
    """What the tests said: outcome (pass, fail, skip) and output by test."""

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


def served(broker: Broker) -> set[int]:
    """The API keys that ApiVersions lists."""
    with socket.create_connection(("localhost", next(iter(broker.ports.values()))), timeout=10) as connection:
        request = struct.pack(">hhih", 18, 0, 1, -1)
        connection.sendall(struct.pack(">i", len(request)) + request)
        stream = connection.makefile("rb")
        (size,) = struct.unpack(">i", stream.read(4))
        _, error, count = struct.unpack(">ihi", (answer := stream.read(size))[:10])
    assert error == 0, error
    return {struct.unpack_from(">hhh", answer, 10 + 6 * number)[0] for number in range(count)}


def run(broker: Broker, only: str, left_out: list[str]) -> Told:
    """Runs the tests in their package's folder, as `go test` would."""
    folder = subprocess.run(["go", "list", "-f", "{{.Dir}}", PACKAGE], cwd=paths.COMPAT / "go", capture_output=True, text=True, check=True).stdout.strip()
    port = next(iter(broker.ports.values()))
    environment = os.environ | {"KGO_SEEDS": f"127.0.0.1:{port}", "KGO_TEST_RF": "1", "KGO_TEST_RECORDS": str(RECORDS), "KGO_LOG_LEVEL": "none"}
    options = ["-test.v=test2json", f"-test.timeout={LIMIT_S}s", "-test.run", only, "-test.skip", "|".join(f"^{test}$" for test in left_out)]
    command = ["go", "tool", "test2json", str(paths.GO / "bin" / "kgo.test"), *options]
    told = Told()
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, errors="replace") as child:
        for line in child.stdout:
            told.hear(json.loads(line))
    return told


def judge(told: Told, exceptions: list[Excepted], whole: bool) -> list[str]:
    """What is wrong: tests that neither pass nor are excepted, and exceptions that do not hold."""
    excepted = {test: one for one in exceptions for test in one.tests}
    wrong = []
    for test, outcome in told.outcomes.items():
        if test in excepted and outcome == "pass":
            wrong.append(f"{test}: passes; take it out of kgo-expected.toml")
        elif outcome != "pass" and not (test in excepted and outcome == "skip"):
            wrong.append(f"{test}: {outcome}")
    absent = [test for test, one in excepted.items() if one.outcome == "skips" and test not in told.outcomes]
    return wrong + [f"{test}: excepted, but there is no such test" for test in absent if whole]


def main() -> int:
    broker = target()().start()
    keys = served(broker)
    listed = [Excepted(**entry) for entry in tomllib.loads((paths.COMPAT / "go" / "kgo-expected.toml").read_text())["exception"]]
    holding = [one for one in listed if one.until is None or KEYS[one.until] not in keys]
    told = run(broker, sys.argv[1] if len(sys.argv) > 1 else ".", [test for one in holding if one.outcome == "left out" for test in one.tests])
    wrong = judge(told, holding, whole=len(sys.argv) == 1)
    if broker.name == "ottla":
        wrong += [f"{one.until} is served now: take {one.tests} out of kgo-expected.toml" for one in listed if one not in holding]
    for one in holding:
        print(f"  -    {', '.join(one.tests)}: {one.outcome}: {one.because}")
    for what in wrong:
        print(f"  FAIL {what}")
        print("".join(f"       {line}" for line in told.output.get(what.split(":")[0], [])), end="")
    passed = sum(outcome == "pass" for test, outcome in told.outcomes.items() if "/" not in test)
    if not passed:
        wrong.append("no test passed")
        print("       " + "       ".join(told.output.get("", [])))
    print(f"stories: {passed} passed, {len(wrong)} failed")
    broker._end() if wrong else broker.discard()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
