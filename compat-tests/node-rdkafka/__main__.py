"""node-rdkafka's own end-to-end suite, as its package ships it, against the broker under test.

Mocha runs a few tests of a file at a time, several such runs at once, each with a broker to itself. What did not pass, or was never
reached, runs again by itself, twice at most. The suite needs that: its clients sometimes never finish `disconnect`, be the broker Apache
Kafka or Ottla, which ends a run at the hook after a test, and one of its tests wants an answer to be slower than a timeout of zero.
Hooks are not counted, tests are.
"""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import paths
from targets import Broker, target

HOME = paths.NODE_RDKAFKA / "node_modules" / "node-rdkafka"
MOCHA = paths.NODE_RDKAFKA / "node_modules" / "mocha" / "bin" / "mocha.js"
PREPARE = "prepare.cjs"
ATTEMPTS = 3
AT_ONCE = 4
TOGETHER = 5  # tests of one run
TEST_LIMIT_S = 15  # one test waits ten seconds for nothing

# Tests that build upon each other: run and run again all together.
CHAINED = {"producer-transaction.spec.js"}

# Not asked of Ottla yet, with the reason. Apache Kafka is asked everything.
LATER = {"producer-transaction.spec.js": "transactions are a later issue"}


def mocha(spec: Path, bootstrap: str, report: Path, *options: str) -> dict[str, str]:
    """Runs mocha once; returns how each test ended, by full title, those that it got to. Ends it when it has reported but does not exit."""
    report.unlink(missing_ok=True)
    command = ["node", "--no-warnings", str(MOCHA), "--no-config", "--ui", "bdd", "--exit", "--timeout", str(TEST_LIMIT_S * 1000)]
    command += ["--require", str(paths.NODE_RDKAFKA / PREPARE), "--reporter", "json", "--reporter-option", f"output={report}", *options, str(spec)]
    with open(report.with_suffix(".log"), "w") as log:
        child = subprocess.Popen(command, cwd=HOME, env=os.environ | {"KAFKA_HOST": bootstrap}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while child.poll() is None and not (told := read(report)):
                time.sleep(0.1)
            child.wait(2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    told = read(report)
    if told is None:
        print(f"  (mocha ended with {child.returncode} and no report: {' '.join(options)} {spec.name})", flush=True)
        return {}
    passed = {test["fullTitle"]: "" for test in told["passes"]}
    failed = {test["fullTitle"]: test["err"].get("message", "?") for test in told["failures"] if '" hook for ' not in test["fullTitle"]}
    return failed | passed


def read(report: Path) -> dict | None:
    """The report, once it is written whole."""
    try:
        return json.loads(report.read_text())
    except (OSError, ValueError):
        return None


def titles(spec: Path, report: Path) -> list[str]:
    """Every test of a file, in its order, without running any."""
    return list(mocha(spec, "localhost:1", report, "--dry-run"))


def only(some: list[str]) -> tuple[str, str]:
    """The option for exactly these tests."""
    return "--grep", f"^(?:{'|'.join(re.escape(title) for title in some)})$"


def tell(spec: Path, wanted: list[str], brokers: Queue[Broker]) -> dict[str, str]:
    """Runs tests of a file against a broker that nobody else uses meanwhile; returns how each ended, empty for well."""
    broker = brokers.get()
    if not broker.running():
        broker.start()
    outcomes = dict.fromkeys(wanted, "not reached")
    for attempt in range(ATTEMPTS):
        left = [title for title, problem in outcomes.items() if problem]
        for some in [wanted] if left and spec.name in CHAINED else [left] if attempt == 0 else [[title] for title in left]:
            outcomes |= mocha(spec, broker.bootstrap, broker.home / "report.json", *only(some))
    brokers.put(broker)
    return outcomes


def chosen(parts: list[str]) -> list[Path]:
    specs = [spec for spec in sorted((HOME / "e2e").glob("*.spec.js")) if not parts or any(part in spec.name for part in parts)]
    return specs if os.environ.get("COMPAT_TARGET") == "kafka" else [spec for spec in specs if spec.name not in LATER]


def main() -> int:
    brokers: Queue[Broker] = Queue()
    for _ in range(AT_ONCE):
        brokers.put(target()())
    tasks = []
    for spec in chosen(sys.argv[1:]):
        named = titles(spec, brokers.queue[0].home / "report.json")
        size = len(named) if spec.name in CHAINED else TOGETHER
        tasks += [(spec, named[start : start + size], brokers) for start in range(0, len(named), size)]
    passed = failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for told in pool.map(lambda task: tell(*task), tasks):
            for title, problem in told.items():
                print(f"  FAIL {title}\n       {problem}" if problem else f"  ok   {title}", flush=True)
            failed += sum(map(bool, told.values()))
            passed += sum(not problem for problem in told.values())
    for name, reason in LATER.items():
        if os.environ.get("COMPAT_TARGET") != "kafka":
            print(f"  -    {name}: {reason}")
    for broker in brokers.queue:
        broker._end() if failed else broker.discard()
    print(f"stories: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
