"""The same raw requests to Apache Kafka and to the broker under test; answers compared field by field.

`python compat-tests/differential [part of API]…` runs every script of scripts/ at every version that Apache Kafka serves, first against Kafka, then
against the target, and compares. Differences that differences.toml names are allowed; every other fails, and so does an entry there
that no longer describes anything. The target `kafka` compares Kafka with itself: a judge that cannot agree with itself is none.
"""

import importlib
import os
import re
import sys
import time
import tomllib
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from normalise import Names
from session import SCRIPTS, Session
from targets import Broker, Kafka, target

HERE = Path(__file__).resolve().parent
SETTINGS = {"log.retention.ms": "-1", "auto.create.topics.enable": "true", "log.cleaner.backoff.ms": "3600000"}
# APIs that Ottla serves; a new one brings its script and its line here.
SERVED = (
    "ApiVersions", "Metadata", "CreateTopics", "Produce", "Fetch", "ListOffsets", "OffsetForLeaderEpoch", "DeleteRecords", "InitProducerId",
    "DeleteTopics", "CreatePartitions", "DescribeConfigs", "AlterConfigs", "IncrementalAlterConfigs", "ListConfigResources", "DescribeCluster",
    "DescribeTopicPartitions", "DescribeLogDirs", "DescribeProducers", "DescribeQuorum",
)

Transcript = dict[tuple[str, int], dict[str, dict[str, object]]]


@dataclass
class Difference:
    """One deliberate difference: where it shows (regular expressions over the whole step label and path) and why it is meant."""

    api: str
    path: str
    reason: str
    step: str = ".*"
    versions: str = ""
    used: bool = field(default=False)

    def covers(self, api: str, version: int, step: str, path: str) -> bool:
        return self.api == api and self._at(version) and bool(re.fullmatch(self.step, step)) and bool(re.fullmatch(self.path, path))

    def _at(self, version: int) -> bool:
        low, _, high = self.versions.partition("-")
        return not low or int(low) <= version <= int(high or low)


def advertised(port: int) -> dict[str, range]:
    """Apache Kafka's own version ranges of the served APIs."""
    from codec import key
    from wire import Connection

    connection = Connection(port)
    connection.send(connection.request("ApiVersions", 0, {}))
    ranges = {entry["api_key"]: range(entry["min_version"], entry["max_version"] + 1) for entry in connection.answer("ApiVersions", 0)["api_keys"]}
    connection.close()
    served = {api: ranges[key(api)] for api in SERVED}
    if only := os.environ.get("DIFFERENTIAL_VERSION"):  # "last", for a quick look at one version of each
        served = {api: found[-1:] if only == "last" else range(int(only), int(only) + 1) for api, found in served.items()}
        return served
    served["Produce"] = range(3, served["Produce"].stop)  # 0-2 are advertised for old librdkafka's sake and refused
    return served


def run(kind: type[Broker], chosen: list[str], versions: dict[str, range] | None) -> tuple[Transcript, dict[str, range]]:
    """Every chosen script at every version against a new broker."""
    broker = kind(SETTINGS).start()
    transcript: Transcript = {}
    try:
        port = next(iter(broker.ports.values()))
        ports = {port: "<port>"} | ({broker.controller_port: "<controller port>"} if isinstance(broker, Kafka) else {})
        names = Names(ports, str(broker.data))
        versions = versions or advertised(port)
        for api in chosen:
            for version in versions[api]:
                started = time.monotonic()
                transcript[api, version] = play(Session(port, names, api, version))
                if os.environ.get("DIFFERENTIAL_TRACE"):
                    print(f"  {kind.name} {api} v{version}: {len(transcript[api, version])} steps, {time.monotonic() - started:.2f} s", flush=True)
    finally:
        broker.discard() if not sys.exc_info()[0] else broker._end()
    return transcript, versions


def play(session: Session) -> dict[str, dict[str, object]]:
    for one in SCRIPTS.get(session.api, []):
        session.story = one.__name__
        try:
            one(session, session.version)
        except Exception as problem:
            session.steps[f"{one.__name__}: broke off"] = {"problem": f"{type(problem).__name__}: {problem}"}
            if os.environ.get("DIFFERENTIAL_TRACE"):
                traceback.print_exc()
    session.close()
    return session.steps


def compare(wanted: dict, found: dict) -> list[tuple[str, str, object, object]]:
    """(step, path, Kafka's value, the target's value) wherever they differ."""
    lines = []
    for step in [*wanted, *(step for step in found if step not in wanted)]:
        left, right = wanted.get(step, {"step": "absent"}), found.get(step, {"step": "absent"})
        for path in [*left, *(path for path in right if path not in left)]:
            if left.get(path, "absent") != right.get(path, "absent"):
                lines.append((step, path, left.get(path, "absent"), right.get(path, "absent")))
    return lines


def judge(api: str, version: int, wanted: dict, found: dict, allowed: list[Difference]) -> bool:
    differing = []
    for step, path, left, right in compare(wanted, found):
        covering = [one for one in allowed if one.covers(api, version, step, path)]
        for one in covering:
            one.used = True
        if not covering:
            differing.append((step, path, left, right))
    broken = [step for step in wanted if step.endswith(": broke off")]
    name = f"{api} v{version} answers as Apache Kafka does"
    if not differing and not broken:
        print(f"  ok   {name} ({len(wanted)} steps)")
        return True
    print(f"  FAIL {name}: {len(differing)} fields differ")
    for step in broken:
        print(f"         the script itself fails on Apache Kafka: {wanted[step]}")
    limit = int(os.environ.get("DIFFERENTIAL_LINES", "12"))
    for step, path, left, right in differing[:limit]:
        print(f"         {step} | {path}: Kafka {left!r}, here {right!r}")
    if len(differing) > limit:
        print(f"         … and {len(differing) - limit} more")
    return False


def main() -> int:
    sys.path.insert(0, str(HERE))
    for file in sorted((HERE / "scripts").glob("*.py")):
        importlib.import_module(f"scripts.{file.stem}")
    chosen = [api for api in SERVED if not sys.argv[1:] or any(part == api or part.endswith("*") and api.startswith(part[:-1]) for part in sys.argv[1:])]
    itself = target() is Kafka
    allowed = [] if itself else [Difference(**entry) for entry in tomllib.loads((HERE / "differences.toml").read_text()).get("difference", [])]
    started = time.monotonic()
    wanted, versions = run(Kafka, chosen, None)
    print(f"  (Apache Kafka answered {sum(map(len, wanted.values()))} steps in {time.monotonic() - started:.0f} s)", flush=True)
    found, _ = run(target(), chosen, versions)
    verdicts = [judge(api, version, wanted[api, version], found[api, version], allowed) for api, version in wanted]
    if not sys.argv[1:]:
        for one in allowed:
            verdicts.append(one.used)
            if not one.used:
                print(f"  FAIL every entry of differences.toml describes a difference: {one.api} {one.path} does not")
    print(f"stories: {verdicts.count(True)} passed, {verdicts.count(False)} failed")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
