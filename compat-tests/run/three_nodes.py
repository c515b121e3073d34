"""`make cluster`: the three nodes of `deploy/examples/three-nodes/`, started together and stopped together."""

import argparse
import signal
import subprocess
import sys
import time

import paths
import suites

EXAMPLE = paths.ROOT / "deploy" / "examples" / "three-nodes"
BINARY = paths.ROOT / "target" / "release" / "ottla"


def run(arguments: argparse.Namespace) -> int:
    """Three nodes on this machine, until Ctrl-C."""
    built = suites.RELEASE.run("ottla")
    if not BINARY.exists():
        sys.exit(f"no binary: {built}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    nodes = [subprocess.Popen([BINARY, "serve", str(file)], cwd=arguments.directory) for file in sorted(EXAMPLE.glob("node-*.properties"))]
    print("bootstrap servers: localhost:19091,localhost:19092,localhost:19093; Ctrl-C stops all three", flush=True)
    try:
        while all(node.poll() is None for node in nodes):
            time.sleep(0.2)
    except KeyboardInterrupt:
        pass
    finally:
        stop(nodes)
    return max(abs(node.returncode) for node in nodes)


def stop(nodes: list[subprocess.Popen]) -> None:
    """In good order; whoever was started by Ctrl-C's terminal has been told already, and a second signal would end it at once."""
    for node in nodes:
        if node.poll() is None:
            try:
                node.wait(timeout=1)
            except subprocess.TimeoutExpired:
                node.terminate()
    for node in nodes:
        node.wait(timeout=30)
