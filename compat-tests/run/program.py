"""Starts a broker and runs a client's stories that are a program in another language: `program.py COMMAND…`.

The program finds the broker in the environment variable BOOTSTRAP (host:port on loopback, as many as there are brokers, between commas;
NODES is their number, numbered from 1, and what topics should have as replicas) and prints what story.py prints:
`  ok   name`, `  FAIL name`, its `client` and `cell` lines, at last `stories: N passed, N failed`. It may print

    broker kill       kill -9 and start again on the same data and port
    broker restart    SIGTERM and start again

and then reads one line from its standard input, `ready`, once the broker is.
"""

import os
import subprocess
import sys

import clustered
from targets import Broker, target


def obey(order: str, broker: Broker) -> None:
    broker.kill() if order == "kill" else broker.stop()
    broker.start()


def main() -> int:
    broker = (clustered.Clustered() if clustered.is_asked_for() else target()()).start()
    environment = os.environ | {"BOOTSTRAP": broker.bootstrap, "NODES": str(len(broker.ids))}
    child = subprocess.Popen(sys.argv[1:], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    for line in child.stdout:
        if line.strip() in ("broker kill", "broker restart"):
            obey(line.split()[1], broker)
            child.stdin.write("ready\n")
            child.stdin.flush()
        else:
            print(line, end="", flush=True)
    status = child.wait()
    if status == 0:
        broker.discard()
    else:
        print(f"log of {broker.name}: {broker.log}")
    return status


if __name__ == "__main__":
    sys.exit(main())
