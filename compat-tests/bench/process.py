"""What /proc says of a broker's process, and the programs of this folder, built once."""

import json
import os
import subprocess
import threading
from pathlib import Path

import paths
from targets import Broker

GENERATOR = str(paths.RUST_CLIENTS / "release" / "generator")
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(broker: Broker) -> float:
    """User and system time of the whole process so far."""
    fields = Path(f"/proc/{broker.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(broker: Broker) -> tuple[float, float]:
    """Anonymous memory, and that of mapped files (the program itself; page cache is in neither)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{broker.process.pid}/status").read_text().splitlines() if ":" in line)
    return tuple(int(status[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))


class Peak(threading.Thread):
    """The highest resident memory of a broker, files included, while this runs."""

    def __init__(self, broker: Broker):
        super().__init__(daemon=True)
        self.broker, self.mb, self.done = broker, 0.0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.05):
            self.mb = max(self.mb, sum(resident_mb(self.broker)))

    def __enter__(self) -> "Peak":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.done.set()
        self.join()


def build(name: str) -> str:
    """The path of the release binary of generator/ or limit-probe/."""
    manifest = Path(__file__).parent / name / "Cargo.toml"
    subprocess.run(["cargo", "build", "--quiet", "--release", "--manifest-path", str(manifest), "--target-dir", str(paths.RUST_CLIENTS)], check=True)
    return str(paths.RUST_CLIENTS / "release" / name)


def generate(*words: object) -> dict[str, float]:
    """Runs the generator; what it says."""
    done = subprocess.run([GENERATOR, *map(str, words)], stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return json.loads(done.stdout)
