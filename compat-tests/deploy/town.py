"""The surroundings of these stories: network and mount namespaces of their own, places in the network with addresses and names.

Importing it starts the program again inside (network.py). Names are known to this process and to whoever is given `resolv_conf`.
"""

import atexit
import functools
import os
import subprocess
import sys
from pathlib import Path

import network
import paths
from resolver import Resolver

HOUSES = [1, 2, 3, 4, 5]  # places beside the clients'


def enter() -> None:
    if not network.inside():
        if reason := network.refusal():
            raise RuntimeError(reason)
        sys.stdout.flush()
        command = [*network.unshare()[:-1], "--mount", "--", sys.executable, *sys.argv]
        os.execvpe(command[0], command, os.environ | {network.INSIDE: "1"})
    network.run("mount", "--make-rprivate", "/")
    network.run("ip", "link", "set", "lo", "up")


@functools.cache
def net() -> network.Network:
    return network.Network(HOUSES)


@functools.cache
def names() -> Resolver:
    """The DNS of this process and of all places."""
    net()
    resolver = Resolver()
    network.run("mount", "--bind", str(resolv_conf()), str(Path("/etc/resolv.conf").resolve()))
    return resolver


@functools.cache
def resolv_conf() -> Path:
    paths.WORK.mkdir(parents=True, exist_ok=True)
    file = paths.WORK / f"resolv-{os.getpid()}.conf"
    atexit.register(file.unlink, missing_ok=True)
    file.write_text(f"nameserver {network.address(network.CLIENT)}\noptions timeout:1 attempts:2\n")
    return file


def within(pid: int, *command: str) -> subprocess.CompletedProcess:
    """Runs a command in a container, as an engine's `exec` does."""
    entering = ["nsenter", "--target", str(pid), "--mount", "--net", "--pid", "--uts", "--ipc", "--root", "--wd", "--setuid", "1000", "--setgid", "1000", "--"]
    return subprocess.run([*entering, *command], capture_output=True, text=True, timeout=180)


enter()
