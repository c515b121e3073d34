"""Becomes a container's process: mounts, limits, user and root as a container engine sets them, then executes.

Started by container.py in a mount, hostname and process namespace of its own; reads what to do as JSON from the file that is its argument.
Ends as the process that it became.
"""

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
DEVICES = ("null", "zero", "full", "random", "urandom")


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def mounted(root: Path, target: str, is_directory: bool) -> Path:
    """Where something is mounted; what is missing of the path is made, as container engines do."""
    place = root / target.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if is_directory:
        place.mkdir(exist_ok=True)
    elif not place.exists():
        place.touch()
    return place


def arrange(plan: dict) -> None:
    root = Path(plan["root"])
    mount("--make-rprivate", "/")
    mount("--bind", str(root), str(root))
    mount("-t", "proc", "proc", str(mounted(root, "/proc", True)))
    mount("-t", "tmpfs", "-o", "mode=755,size=64k", "tmpfs", str(mounted(root, "/dev", True)))
    for device in DEVICES:
        mount("--bind", f"/dev/{device}", str(mounted(root, f"/dev/{device}", False)))
    for target in plan["tmpfs"]:
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", str(mounted(root, target, True)))
    for source, target, is_read_only in plan["mounts"]:
        place = mounted(root, target, os.path.isdir(source))
        mount("--bind", source, str(place))
        if is_read_only:
            mount("-o", "remount,bind,ro", str(place))
    if plan["read_only"]:
        mount("-o", "remount,bind,ro", str(root))
    os.chroot(root)
    os.chdir(plan["directory"])


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    socket.sethostname(plan["hostname"])
    arrange(plan)
    resource.setrlimit(resource.RLIMIT_NOFILE, (plan["files_max"], plan["files_max"]))
    user, group = map(int, plan["user"].split(":"))
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    # Changing the user has cleared it: this process ends with the one that holds its namespaces.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    environment = plan["environment"]
    os.execvpe(plan["command"][0], plan["command"], environment)


if __name__ == "__main__":
    main()
