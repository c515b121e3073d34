"""A network of its own for a cluster: every node in a network namespace, a router between them that loses packets on demand.

    client ──┐
    node 1 ──┤ router       A one-way cut is a rule of the router (`ip rule … blackhole`): packets from one address to another are
    node 2 ──┤              lost without a word, as on a broken switch. Connections stay open and time out.
    node 3 ──┘

A program that wants one starts itself again inside a namespace (`enter`), which becomes the clients' place. All namespaces are anonymous
and held by processes that die with the program, so that nothing is left behind, however it ends. Needs root, or user namespaces.
"""

import os
import shutil
import subprocess
import sys
import time

INSIDE = "OTTLA_INSIDE_A_NETWORK"  # set for the program that runs in a namespace of its own
CLIENT = 100  # the clients' place, beside the nodes' ids
WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]
PROBE = "ip link set lo up && ip link add one type veth peer name two && ip rule add from 10.80.1.2 to 10.80.2.2 blackhole && echo 1 >/proc/sys/net/ipv4/ip_forward"


def unshare() -> list[str]:
    return ["unshare", "--net", "--"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net", "--"]


def refusal() -> str | None:
    """Why this machine lets nobody make namespaces; None where it does."""
    for program in ("unshare", "nsenter", "setpriv", "ip"):
        if not shutil.which(program):
            return f"{program} is missing"
    done = subprocess.run([*unshare(), "sh", "-c", PROBE], capture_output=True, text=True)
    return None if done.returncode == 0 else f"network namespaces are not permitted here: {done.stderr.strip() or done.returncode}"


def inside() -> bool:
    return INSIDE in os.environ


def enter() -> str | None:
    """Starts this program again in a namespace of its own and does not return; or says why it cannot."""
    if inside():
        return None
    if reason := refusal():
        return reason
    sys.stdout.flush()
    command = [*unshare(), sys.executable, *sys.argv]
    os.execvpe(command[0], command, os.environ | {INSIDE: "1"})


def address(place: int) -> str:
    return f"10.80.{place}.2"


class Network:
    """The router, a place for each node, and this process' own, where the clients are."""

    def __init__(self, nodes: list[int]):
        assert inside(), "the machine's own network is left alone"
        self.cuts: set[tuple[int, int]] = set()
        self.holders = {id: hold() for id in [0, *nodes]}
        router = self.entering(0)
        for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0"):
            name, value = setting.split("=")
            run(*router, "sh", "-c", f"echo {value} > /proc/sys/net/ipv4/{name.replace('.', '/')}")
        for place in [*nodes, CLIENT]:
            self._connect(place)

    def entering(self, place: int) -> list[str]:
        """The beginning of a command that is to run in this place."""
        return [] if place == CLIENT else ["nsenter", f"--net=/proc/{self.holders[place].pid}/ns/net", "--"]

    def _connect(self, place: int) -> None:
        here, router, router_pid = self.entering(place), self.entering(0), str(self.holders[0].pid)
        run(*here, "ip", "link", "set", "lo", "up")
        run(*here, "ip", "link", "add", "out", "type", "veth", "peer", "name", f"to{place}", "netns", router_pid)
        run(*router, "ip", "addr", "add", f"10.80.{place}.1/24", "dev", f"to{place}")
        run(*router, "ip", "link", "set", f"to{place}", "up")
        run(*here, "ip", "addr", "add", f"{address(place)}/24", "dev", "out")
        run(*here, "ip", "link", "set", "out", "up")
        run(*here, "ip", "route", "add", "default", "via", f"10.80.{place}.1")

    def cut(self, source: int, target: int) -> None:
        """What `source` sends to `target` is lost from now on."""
        if (source, target) not in self.cuts:
            self._rule("add", source, target)
            self.cuts.add((source, target))

    def heal(self) -> None:
        for source, target in sorted(self.cuts):
            self._rule("del", source, target)
        self.cuts.clear()

    def _rule(self, verb: str, source: int, target: int) -> None:
        run(*self.entering(0), "ip", "rule", verb, "from", address(source), "to", address(target), "blackhole")

    def end(self) -> None:
        if self.holders:
            run("ip", "link", "del", "out")  # what the kernel would do later, when another network may want the name
        while self.holders:
            _, holder = self.holders.popitem()
            holder.kill()
            holder.wait()


def hold() -> subprocess.Popen:
    """A process that keeps a new namespace, and dies with this one."""
    holder = subprocess.Popen([*WITH_PARENT, "unshare", "--net", "--", "sleep", "infinity"], stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while os.readlink(f"/proc/{holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        if holder.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("a network namespace could not be made")
        time.sleep(0.005)
    return holder


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}`: {done.stderr.strip()}")
