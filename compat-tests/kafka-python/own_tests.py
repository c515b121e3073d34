"""kafka-python's own integration tests (its source package, unpacked by the installer) against one broker of ours.

Exceptions and their reasons are in own_tests.toml. The package leaves out two files that its tests import: an empty `test/__init__.py` and
`test/service.py`, which starts programs; ours (service.py) starts none.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as xml
from pathlib import Path

import paths
from targets import Broker, target

HERE = Path(__file__).parent
LISTS = tomllib.loads((HERE / "own_tests.toml").read_text())
EXCEPTED = {test: entry["reason"] for entry in LISTS["excepted"] for test in entry["tests"]}
SETTINGS = {"node.id": "0", "num.partitions": "4", "group.min.session.timeout.ms": "1000"}  # what the tests' own brokers are given
ACLS = {"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "allow.everyone.if.no.acl.found": "true"}


def unpacked() -> Path:
    """The tests in a directory that can be imported from."""
    home = Path(tempfile.mkdtemp(prefix="kafka-python-tests-", dir=paths.WORK))
    shutil.copytree(paths.KAFKA_PYTHON_SOURCES / "test", home / "test")
    (home / "test" / "__init__.py").touch()
    shutil.copy(HERE / "service.py", home / "test")
    return home


def run(home: Path, broker: Broker, tests: list[str], limit_s: int) -> dict[str, str | None]:
    """test → what went wrong, None if nothing did. Skipped ones are not told."""
    results = home / "results.xml"
    results.unlink(missing_ok=True)
    environment = os.environ | {"KAFKA_URI": f"kafka://{broker.bootstrap}", "KAFKA_VERSION": "4.3", "KAFKA_ROOT": str(home)}
    options = ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", f"--timeout={limit_s}", "--timeout-method=signal", f"--junitxml={results}"]
    done = subprocess.run([sys.executable, "-m", "pytest", *options, *tests], cwd=home, env=environment, capture_output=True, text=True)
    if not results.exists():
        raise RuntimeError(done.stdout + done.stderr)
    found: dict[str, str | None] = {}
    for case in xml.parse(results).iter("testcase"):
        if case.find("skipped") is None:
            problem = case.find("failure") if case.find("failure") is not None else case.find("error")
            name = f"{case.get('classname').rsplit('.', 1)[-1]}.py::{case.get('name')}"
            found[name] = None if problem is None else f"{problem.get('message')}\n{problem.text}"
    return found


def told_again(home: Path, broker: Broker, found: dict[str, str | None]) -> None:
    """Forgives a failure that does not come back, and says so (see own_tests.toml)."""
    for test in [test for test, problem in found.items() if problem is not None]:
        again = [run(home, broker, [f"test/integration/{test}"], limit_s=60) for _ in range(LISTS["times_again"])]
        if all(passed == {test: None} for passed in again):
            print(f"  -    {test} failed, and then passed {len(again)} times in a row: {found[test].splitlines()[0]}")
            found[test] = None


def judge(found: dict[str, str | None], excepted: dict[str, str]) -> int:
    """Prints a line per test; returns how many are not as they should be."""
    failed = 0
    for test, problem in found.items():
        if test in excepted:
            failed += problem is None
            print(f"  -    {test}: {excepted[test]}" if problem else f"  FAIL {test}: excepted in own_tests.toml, and it passes")
        else:
            failed += problem is not None
            print(f"  ok   {test}" if problem is None else f"  FAIL {test}\n       " + problem[-3000:].replace("\n", "\n       "))
    for test in excepted.keys() - found.keys():
        failed += 1
        print(f"  FAIL {test}: excepted in own_tests.toml, and there is no such test")
    return failed


def main() -> int:
    home = unpacked()
    integration = home / "test" / "integration"
    for entry in LISTS["left-out"]:
        (integration / entry["file"]).unlink()
        print(f"  -    {entry['file']}: {entry['reason']}")
    broker = target()(SETTINGS)
    broker.overrides["advertised.listeners"] = f"PLAINTEXT://{broker.bootstrap}"
    broker.overrides |= ACLS
    broker.start()
    excepted = EXCEPTED if broker.name == "ottla" else {}
    left_out = [f"--deselect=test/integration/{test}" for test in excepted]
    found = run(home, broker, ["test/integration", *left_out], limit_s=60)
    told_again(home, broker, found)
    if excepted:  # they need not wait for long
        found |= run(home, broker, [f"test/integration/{test}" for test in excepted], limit_s=10)
    failed = judge(found, excepted)
    passed = sum(problem is None and test not in excepted for test, problem in found.items())
    if failed == 0:
        broker.discard()
        shutil.rmtree(home)
    else:
        print(f"log of {broker.name}: {broker.log}")
    print(f"stories: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
