"""The same raw requests to Apache Kafka and to the broker under test; answers compared field by field.

`python compat-tests/differential [part of API]…` runs every script of scripts/ at every version that Apache Kafka serves, first against Kafka, then
against the target, and compares. Differences that differences.toml names are allowed; every other fails, and so does an entry there
that no longer describes anything. The target `kafka` compares Kafka with itself: a judge that cannot agree with itself is none.
"""

import hashlib
import importlib
import os
import pickle
import re
import sys
import time
import tomllib
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import paths
from normalise import Names
from session import SCRIPTS, Session
from targets import Broker, Kafka, target

HERE = Path(__file__).resolve().parent
SETTINGS = {"log.retention.ms": "-1", "auto.create.topics.enable": "true", "log.cleaner.backoff.ms": "3600000"}
# APIs that Ottla serves; a new one brings its script and its line here.
SERVED = (
    "ApiVersions", "Metadata", "CreateTopics", "Produce", "Fetch", "ListOffsets", "OffsetForLeaderEpoch", "DeleteRecords", "InitProducerId",
    "DeleteTopics", "CreatePartitions", "DescribeConfigs", "AlterConfigs", "IncrementalAlterConfigs", "ListConfigResources", "DescribeCluster",
    "DescribeTopicPartitions", "DescribeLogDirs", "DescribeProducers", "DescribeQuorum", "FindCoordinator", "JoinGroup", "SyncGroup", "Heartbeat",
    "LeaveGroup", "OffsetCommit", "OffsetFetch", "OffsetDelete", "DescribeGroups", "ListGroups", "DeleteGroups",
    "ElectLeaders", "AlterPartitionReassignments", "ListPartitionReassignments", "UnregisterBroker", "UpdateFeatures",
    "AddRaftVoter", "RemoveRaftVoter", "DescribeAcls", "CreateAcls", "DeleteAcls",
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
        return bool(re.fullmatch(self.api, api)) and self._at(version) and bool(re.fullmatch(self.step, step)) and bool(re.fullmatch(self.path, path))

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


class Digest:
    """Differences told once for all the versions that show them."""

    def __init__(self):
        self.found: dict[tuple, list[int]] = {}

    def add(self, api: str, version: int, step: str, path: str, left, right) -> None:
        mine = f"{api}-{version}-"
        line = (api, step.replace(mine, ""), path.replace(mine, ""), str(left).replace(mine, ""), str(right).replace(mine, ""))
        self.found.setdefault(line, []).append(version)

    def show(self, limit: int) -> None:
        for number, ((api, step, path, left, right), versions) in enumerate(self.found.items()):
            if number == limit:
                print(f"  … and {len(self.found) - limit} more (DIFFERENTIAL_LINES=9999 shows all)")
                return
            span = f"v{versions[0]}-{versions[-1]}" if len(versions) > 1 else f"v{versions[0]}"
            print(f"  {api} {span} | {step} | {path[:160]}: Kafka {left[:160]}, here {right[:160]}")


def judge(api: str, version: int, wanted: dict, found: dict, allowed: list[Difference], digest: Digest) -> bool:
    differing = 0
    for step, path, left, right in compare(wanted, found):
        covering = [one for one in allowed if one.covers(api, version, step, path)]
        for one in covering:
            one.used = True
        if not covering:
            differing += 1
            digest.add(api, version, step, path, left, right)
    broken = [step for step in wanted if step.endswith(": broke off")]
    for step in broken:
        print(f"         the script itself fails on Apache Kafka: {step} {wanted[step]}")
    right = not differing and not broken
    print(f"  {'ok  ' if right else 'FAIL'} {api} v{version} answers as Apache Kafka does ({len(wanted)} steps, {differing} fields differ)")
    return right


def kafkas_answers(chosen: list[str]) -> tuple[Transcript, dict[str, range]]:
    """From Apache Kafka, now. While developing, DIFFERENTIAL_REUSE=1 takes its last answers as long as the scripts are unchanged."""
    if os.environ.get("DIFFERENTIAL_REUSE") != "1":
        return run(Kafka, chosen, None)
    text = "".join(file.read_text() for file in sorted(HERE.rglob("*.py")) if file.name != "__main__.py") + repr(chosen) + os.environ.get("DIFFERENTIAL_VERSION", "")
    kept = paths.CACHE / f"kafkas-answers-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if not kept.exists():
        kept.write_bytes(pickle.dumps(run(Kafka, chosen, None)))
    return pickle.loads(kept.read_bytes())


def main() -> int:
    sys.path.insert(0, str(HERE))
    for file in sorted((HERE / "scripts").glob("*.py")):
        importlib.import_module(f"scripts.{file.stem}")
    chosen = [api for api in SERVED if not sys.argv[1:] or any(part == api or part.endswith("*") and api.startswith(part[:-1]) for part in sys.argv[1:])]
    itself = target() is Kafka
    allowed = [] if itself else [Difference(**entry) for entry in tomllib.loads((HERE / "differences.toml").read_text()).get("difference", [])]
    started = time.monotonic()
    wanted, versions = kafkas_answers(chosen)
    print(f"  (Apache Kafka answered {sum(map(len, wanted.values()))} steps in {time.monotonic() - started:.0f} s)", flush=True)
    found, _ = run(target(), chosen, versions)
    digest = Digest()
    verdicts = [judge(api, version, wanted[api, version], found[api, version], allowed, digest) for api, version in wanted]
    digest.show(int(os.environ.get("DIFFERENTIAL_LINES", "60")))
    if not sys.argv[1:]:
        for one in allowed:
            verdicts.append(one.used)
            if not one.used:
                print(f"  FAIL every entry of differences.toml describes a difference: {one.api} {one.path} does not")
    print(f"stories: {verdicts.count(True)} passed, {verdicts.count(False)} failed")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
