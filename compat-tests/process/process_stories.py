"""The process itself: its ready line, ports, environment, signals, health. Only Ottla is asked; Apache Kafka promises nothing here."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import paths
from story import story, wait_for
from targets import end_with_this_process, free_port

sys.path.insert(0, str(paths.COMPAT / "kcat"))

from kcat import consume, kcat, produce  # noqa: E402


class Process:
    """`ottla` with arguments, in an empty directory of its own, its output read as it comes."""

    def __init__(self, *arguments: str, directory: Path | None = None, environment: dict[str, str] | None = None):
        self.directory = directory or Path(tempfile.mkdtemp(dir=paths.WORK))
        self.log = self.directory / "said.txt"
        self.log.write_bytes(b"")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(paths.OTTLA), *arguments], cwd=self.directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=clean | (environment or {}))
        end_with_this_process(self.process.kill)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_problem) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ready(self) -> str:
        """The ready line, once it is printed."""
        def found():
            assert self.process.poll() is None, f"exited with {self.process.returncode}: {self.said()[-2000:]}"
            return next((line for line in self.said().splitlines() if re.search(r"\bready\b", line)), None)

        return wait_for(found, "the ready line", 20)

    def bootstrap(self) -> str:
        """The address of the ready line's first listener."""
        address = re.search(r"\w+://([\w.\-\[\]:]+:\d+)", self.ready())
        assert address, f"no address in {self.ready()!r}"
        return address[1]


def no_admin(*arguments: str) -> list[str]:
    return ["serve", "--override", "admin.listeners=none", *arguments]


PORT_0 = ("--override", "listeners=PLAINTEXT://localhost:0")


@story
def the_ready_line_tells_address_directory_version_and_time():
    with Process(*no_admin(*PORT_0)) as one:
        line = one.ready()
        assert "ottla-data" in line, line
        assert re.search(r"\d+\.\d+\.\d+", line), line
        assert re.search(r"_ms=\d+|\d\s?ms\b", line), line
        assert not one.bootstrap().endswith(":0"), line


@story
def the_port_that_the_system_chose_is_the_one_advertised():
    with Process(*no_admin(*PORT_0)) as one:
        produce("t", ["hi"], bootstrap=one.bootstrap())
        assert f'"name":"{one.bootstrap()}"' in kcat("-L", "-J", bootstrap=one.bootstrap())
        assert consume("t", bootstrap=one.bootstrap()) == ["hi"]


@story
def both_loopback_families_are_served_on_localhost():
    port = free_port()
    with Process(*no_admin("--override", f"listeners=PLAINTEXT://localhost:{port}")) as one:
        one.ready()
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family) as connection:
                connection.settimeout(5)
                connection.connect((address, port))


@story
def a_record_written_is_there_after_a_clean_stop_on_sigterm_and_sigint():
    port = free_port()
    arguments = no_admin("--override", f"listeners=PLAINTEXT://localhost:{port}")
    directory = Path(tempfile.mkdtemp(dir=paths.WORK))
    for number, ending in enumerate((signal.SIGTERM, signal.SIGINT)):
        with Process(*arguments, directory=directory) as one:
            one.ready()
            produce("t", [f"run {number}"], bootstrap=f"localhost:{port}")
            began = time.monotonic()
            one.process.send_signal(ending)
            assert one.process.wait(10) == 0, one.said()[-2000:]
            assert time.monotonic() - began < 10
    with Process(*arguments, directory=directory) as one:
        one.ready()
        assert consume("t", bootstrap=f"localhost:{port}") == ["run 0", "run 1"]


@story
def a_clean_stop_does_not_wait_for_an_idle_consumer():
    with Process(*no_admin(*PORT_0)) as one:
        produce("t", ["x"], bootstrap=one.bootstrap())
        waiting = subprocess.Popen(["kcat", "-b", one.bootstrap(), "-C", "-t", "t", "-o", "end", "-q", "-X", "fetch.wait.max.ms=60000"], stderr=subprocess.DEVNULL)
        try:
            one.process.terminate()
            assert one.process.wait(10) == 0, one.said()[-2000:]
        finally:
            waiting.kill()
            waiting.wait()


@story
def the_environment_of_the_kafka_image_is_understood_and_flags_win():
    port, other = free_port(), free_port()
    environment = {
        "KAFKA_LISTENERS": f"PLAINTEXT://localhost:{port}", "KAFKA_LOG_DIRS": "elsewhere", "KAFKA_NUM_PARTITIONS": "3", "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw",
        "KAFKA_ADMIN_LISTENERS": "none",
    }
    with Process("serve", "--override", f"listeners=PLAINTEXT://localhost:{other}", environment=environment) as one:
        one.ready()
        kcat("-P", "-t", "t", stdin=b"x\n", bootstrap=f"localhost:{other}")
        metadata = kcat("-L", "-t", "t", bootstrap=f"localhost:{other}")
        assert "with 3 partitions" in metadata, metadata
        assert (one.directory / "elsewhere").is_dir()
        assert "4L6g3nShT-eMCtK--X86sw" in (one.directory / "elsewhere" / "meta.properties").read_text()


@story
def a_bad_value_refuses_to_start_naming_key_value_and_what_is_allowed():
    with Process(*no_admin("--override", "log.cleanup.policy=burn")) as one:
        assert one.process.wait(10) != 0
        said = one.said()
        assert "log.cleanup.policy" in said and "burn" in said and "compact" in said and "delete" in said, said


@story
def an_unknown_key_is_warned_about_with_the_nearest_known_one():
    with Process(*no_admin(*PORT_0, "--override", "log.retention.hour=5")) as one:
        one.ready()
        assert "log.retention.hour" in one.said() and "log.retention.hours" in one.said(), one.said()


@story
def version_and_help_are_told():
    with Process("--version") as one:
        assert one.process.wait(10) == 0 and re.search(r"ottla \d+\.\d+\.\d+", one.said()), one.said()
    with Process("--help") as one:
        assert one.process.wait(10) == 0 and "--override" in one.said() and "KAFKA_" in one.said(), one.said()


@story
def a_second_ready_line_says_what_others_wait_for():
    line = "Kafka Server started: Transitioning from RECOVERY to RUNNING"
    with Process(*no_admin(*PORT_0), environment={"KAFKA_OTTLA_READY_LINE": line}) as one:
        one.ready()
        wait_for(lambda: line in one.said().splitlines(), "the second line", 20)


@story
def a_port_in_use_is_one_sentence_and_a_failure():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Process(*no_admin("--override", f"listeners=PLAINTEXT://127.0.0.1:{port}")) as one:
            assert one.process.wait(10) != 0
            assert str(port) in one.said(), one.said()


@story
def a_second_process_on_the_same_directory_is_refused():
    with Process(*no_admin(*PORT_0)) as one:
        one.ready()
        with Process(*no_admin(*PORT_0), directory=Path(tempfile.mkdtemp(dir=paths.WORK))) as other:
            other.ready()
        second = subprocess.run([str(paths.OTTLA), *no_admin(*PORT_0)], cwd=one.directory, capture_output=True, text=True, timeout=20)
        assert second.returncode != 0 and "ottla-data" in second.stderr + second.stdout, second.stderr
        produce("t", ["still here"], bootstrap=one.bootstrap())


@story
def health_and_metrics_are_served():
    admin = free_port()
    with Process("serve", *PORT_0, "--override", f"admin.listeners=http://localhost:{admin}") as one:
        produce("t", ["x"], bootstrap=one.bootstrap())
        for path in ("/livez", "/startupz", "/readyz", "/metrics"):
            with urllib.request.urlopen(f"http://localhost:{admin}{path}", timeout=5) as answer:
                assert answer.status == 200
                text = answer.read().decode()
        assert re.search(r"^# TYPE \w+ counter$", text, re.M), text[:500]


@story
def the_first_record_is_acknowledged_within_a_second_of_the_first_start():
    port = free_port()
    began = time.monotonic()
    with Process(*no_admin("--override", f"listeners=PLAINTEXT://localhost:{port}")) as one:
        one.ready()
        spent = time.monotonic() - began
        produce("t", ["hi"], bootstrap=f"localhost:{port}")
        assert spent < 1.0, f"ready after {spent:.2f} s"
