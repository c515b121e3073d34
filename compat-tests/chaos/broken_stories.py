"""The history checker can fail: a debug build that breaks one rule on purpose (feature `broken`, storage/src/broken.rs) is caught, each in a bounded time.

The build is the one that `cargo test` makes anyway. Each history has the faults that the rule is there for, and ends with the first problem that is a sign of it.
"""

import os
import subprocess
import sys

import install
import network
import paths
from story import Skip, cases
from targets import Kafka, target

LIMIT_S = 240


@cases(
    answer_before_replication=("answer-before-replication", ("isolate the leader",), (" where record ", "acknowledged records are lost", "had been seen")),
    skip_truncation=("skip-truncation", ("isolate the leader",), (" where record ", " differ: ", "nothing was acknowledged", "whole again after")),
    forget_producer_state=("forget-producer-state", ("kill the leader",), ("more than once", " follows record ", "sequence desynchronization")),
)
def a_broker_that_breaks_this_rule_is_caught(rule: str, faults: tuple[str, ...], signs: tuple[str, ...]):
    if target() is Kafka:
        raise Skip("it breaks no rule on purpose")
    if (reason := network.refusal()) and "isolate the leader" in faults:
        assert os.environ.get("CI") != "true", reason
        raise Skip(reason)
    install.broken_build()
    command = [sys.executable, str(paths.COMPAT / "chaos"), "--minutes", "0.5", "--seed", "1"]
    for option, values in (("--only", faults), ("--until", signs)):
        command += [word for value in values for word in (option, value)]
    environment = os.environ | {"OTTLA_BINARY": str(paths.BROKEN), "OTTLA_BROKEN_RULE": rule}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 1 and any(sign in done.stdout for sign in signs), done.stdout[-3000:] + done.stderr[-1000:]
