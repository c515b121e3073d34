"""A container without an engine: a process in the root file system of an image, with its user, environment, mounts and limits.

Each has namespaces of its own for mounts, processes and the host's name, and the network of whoever starts it or a place of network.py. It has
no capability and gains none. Ends with this process, however that ends.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import paths
from dockerfile import Image, keep_owners
from targets import end_with_this_process

INSIDE = Path(__file__).parent / "inside.py"
# Nothing is inherited, and nothing can be gained.
NAMESPACES = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL", "--"]


@dataclass
class Container:
    image: Image
    name: str = "container"
    command: list[str] | None = None  # entrypoint and arguments; None: the image's
    arguments: list[str] | None = None  # instead of the image's command
    environment: dict[str, str] = field(default_factory=dict)
    mounts: list[tuple[str, str, bool]] = field(default_factory=list)  # source here, target there, read-only
    tmpfs: list[str] = field(default_factory=list)
    user: str | None = None
    read_only: bool = True
    place: list[str] = field(default_factory=list)  # how its network is entered
    files_max: int = 4096

    def __post_init__(self):
        paths.WORK.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=paths.WORK))
        self.log = self.home / "log.txt"
        self.process: subprocess.Popen | None = None
        # Mount points are made in a copy, of links, so that containers of one image do not meet in it.
        shutil.copytree(self.image.root, self.home / "root", symlinks=True, copy_function=os.link)
        keep_owners(self.image.root, self.home / "root")
        end_with_this_process(self.kill)

    def plan(self) -> dict:
        command = self.command if self.command is not None else self.image.entrypoint + (self.arguments if self.arguments is not None else self.image.command)
        return {
            "root": str(self.home / "root"),
            "hostname": self.name,
            "command": command,
            "environment": self.image.environment | {"HOSTNAME": self.name} | self.environment,
            "mounts": self.mounts,
            "tmpfs": self.tmpfs,
            "user": self.user or self.image.user,
            "read_only": self.read_only,
            "directory": self.image.directory,
            "files_max": self.files_max,
        }

    def start(self) -> "Container":
        plan = self.home / "plan.json"
        plan.write_text(json.dumps(self.plan()))
        with open(self.log, "ab") as log:
            command = [*self.place, *NAMESPACES, "setpriv", "--no-new-privs", "--", sys.executable, str(INSIDE), str(plan)]
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def until(self, condition: Callable[[], object], what: str, limit_s: float = 60.0):
        deadline = time.monotonic() + limit_s
        while not (value := condition()):
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}: {self.said()[-3000:]}"
            assert time.monotonic() < deadline, f"{self.name}: not within {limit_s} s: {what}\n{self.said()[-3000:]}"
            time.sleep(0.05)
        return value

    def ready(self) -> "Container":
        self.until(lambda: " ready: " in self.said(), "ready")
        return self

    def first(self) -> int:
        """The id of its process 1, as this machine sees it."""
        text = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        return int(text[0])

    def signal(self, number: signal.Signals) -> None:
        subprocess.run(["kill", f"-{number.value}", str(self.first())], check=True)

    def stop(self, limit_s: float = 60.0) -> int:
        """SIGTERM to its first process, as a container engine does; its exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(limit_s)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        if self.running():
            self.process.kill()
            self.process.wait()

    def discard(self) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)
