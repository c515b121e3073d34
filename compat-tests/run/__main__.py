"""The runner behind the Makefile: `python3 compat-tests/run test|verify|soak|soak-groups|chaos|failover|fuzz|bench`.

Standard library only: it is the program that installs everything else.
"""

import argparse
import os
import shutil
import sys
import time
from dataclasses import replace

import install
import lanes
import matrix
import paths
import suites
import summary
import three_nodes
import verify

os.environ.setdefault("CARGO_TERM_COLOR", "never")


def test(arguments: argparse.Namespace) -> int:
    """Workspace tests, the release binary, then every suite of foreign clients against it."""
    chosen = [*suites.WORKSPACE, suites.RELEASE, *suites.CLIENTS]
    if arguments.target != "ottla":
        chosen = [suite for suite in chosen if suite.foreign]
    if arguments.nodes == 3:
        chosen = [suites.RELEASE] * (arguments.target == "ottla") + [replace(suite, environment=suite.environment | suites.THREE_NODES) for suite in suites.CLIENTS if suite.clients]
    if arguments.only:
        unknown = set(arguments.only) - {suite.name for suite in chosen}
        if unknown:
            sys.exit(f"no such suite: {', '.join(sorted(unknown))}; there are: {', '.join(suite.name for suite in chosen)}")
        chosen = [suite for suite in chosen if suite.name in arguments.only]
    forget_old_work()
    started = time.monotonic()
    of_clients = {suite.name for suite in suites.CLIENTS}
    first = [suite for suite in chosen if suite.name not in of_clients]
    clients = [suite for suite in chosen if suite.name in of_clients]
    results = [suite.run(arguments.target) for suite in first] + lanes.run(clients, arguments.target)
    results += judged_matrix(chosen, results, arguments.target)
    return summary.show(results, time.monotonic() - started)


def judged_matrix(chosen: list[suites.Suite], results: list[summary.Result], target: str) -> list[summary.Result]:
    """The client × story matrix of the clients that ran, as one more result."""
    ran = [client for suite, result in zip(chosen, results, strict=True) if result.skipped_because is None for client in suite.clients]
    known = [client for suite in suites.CLIENTS for client in suite.clients]
    return [matrix.check(ran, known, [line for result in results for line in result.cells], target)] if ran else []


def forget_old_work() -> None:
    """Removes what failed stories of other days left."""
    for directory in paths.WORK.glob("*"):
        if time.time() - directory.stat().st_mtime > 24 * 3600:
            shutil.rmtree(directory, ignore_errors=True)


def soak(arguments: argparse.Namespace) -> int:
    """kill -9 every few seconds under idempotent producers, for minutes, in both flush modes."""
    chosen = [suites.soak("soak", arguments.minutes)]
    if arguments.target == "ottla":
        chosen.insert(0, suites.RELEASE)
    return summary.show([suite.run(arguments.target) for suite in chosen])


def soak_groups(arguments: argparse.Namespace) -> int:
    """Fifty members of three client languages on sixty partitions join, leave and crash while the broker is killed, eagerly and cooperatively."""
    chosen = [suites.soak_groups("soak of groups", arguments.minutes, members=50, partitions=60)]
    if arguments.target == "ottla":
        chosen.insert(0, suites.RELEASE)
    return summary.show([suite.run(arguments.target) for suite in chosen])


def chaos(arguments: argparse.Namespace) -> int:
    """Faults of every kind under clients of three nodes, for minutes; an hour counts only with a million records and twenty faults of each kind."""
    options = ["--long"] * (arguments.minutes >= 60) + (["--seed", str(arguments.seed)] if arguments.seed is not None else [])
    return after_release([suites.chaos("chaos", arguments.minutes, *options)], arguments.target)


def failover(arguments: argparse.Namespace) -> int:
    """How long a produce waits when the leader is killed, and when it stands still (W12)."""
    return after_release([suites.failover(signal, arguments.minutes) for signal in ("KILL", "STOP")], arguments.target)


def timeline(arguments: argparse.Namespace) -> int:
    """Where the time of a failover goes: the controller, the metadata, a producer that does not back off, librdkafka."""
    return after_release([suites.timeline(arguments.kills)], arguments.target)


def partitions(arguments: argparse.Namespace) -> int:
    """1,000 and 10,000 partitions at RF=3 created, failed over, balanced and restarted, with times and memory; a fetch session over 10,000."""
    return after_release(suites.partitions(), arguments.target)


def after_release(chosen: list[suites.Suite], target: str) -> int:
    if target == "ottla":
        chosen.insert(0, suites.RELEASE)
    return summary.show([suite.run(target) for suite in chosen])


def bench(arguments: argparse.Namespace) -> int:
    """Ottla, Apache Kafka and the limit probe in turns (see compat-tests/bench)."""
    options = ["--rounds", str(arguments.rounds), *(["--quick"] if arguments.quick else ["--output", str(paths.ROOT / "docs" / "benchmarks.md")])]
    measuring = suites.Suite("bench", ["python3", str(paths.COMPAT / "bench"), *options], [install.rust, install.native_compilers, install.java], limit_s=7200)
    return summary.show([suite.run("ottla") for suite in (suites.RELEASE, measuring)])


def main() -> int:
    parser = argparse.ArgumentParser(prog="compat-tests/run", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)

    def command(name, function, *options):
        sub = commands.add_parser(name, help=(function.__doc__ or "").splitlines()[0])
        for flag, settings in options:
            sub.add_argument(flag, **settings)
        sub.set_defaults(run=function)

    target = ("--target", {"default": "ottla", "choices": ["ottla", "kafka"]})
    command("test", test, target, ("--nodes", {"type": int, "default": 1, "choices": [1, 3]}), ("--only", {"nargs": "*"}))
    command("soak", soak, target, ("--minutes", {"type": float, "default": 10.0}))
    command("soak-groups", soak_groups, target, ("--minutes", {"type": float, "default": 10.0}))
    command("chaos", chaos, target, ("--minutes", {"type": float, "default": 10.0}), ("--seed", {"type": int}))
    command("failover", failover, target, ("--minutes", {"type": float, "default": 10.0}))
    command("timeline", timeline, target, ("--kills", {"type": int, "default": 9}))
    command("partitions", partitions, target)
    command("bench", bench, ("--rounds", {"type": int, "default": 3}), ("--quick", {"action": "store_true"}))
    command("cluster", three_nodes.run, ("--directory", {"default": "."}))
    command("verify", verify.verify)
    command("fuzz", verify.fuzz, ("--runs", {"type": int, "default": 10_000_000}))
    arguments = parser.parse_args()
    paths.CACHE.mkdir(exist_ok=True)
    return arguments.run(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
