"""Partition directories between Apache Kafka and Ottla: ours are read by kafka-dump-log, theirs open and serve here, and a directory that
a Kafka node has used is refused without one byte of it changed."""

import hashlib
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import paths
from story import Skip, fresh, keep, story
from targets import Kafka, Ottla, target

sys.path[:0] = [str(paths.COMPAT / "tools"), str(paths.COMPAT / "kcat")]

from kcat import consume, kcat, produce  # noqa: E402
from tool import MAIN  # noqa: E402

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
SMALL_SEGMENTS = {"log.segment.bytes": "1048576", "log.index.interval.bytes": "1024"}


def dump(files: list[Path], *arguments: str) -> str:
    """kafka-dump-log over files; fails when it complains."""
    jvm = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", paths.CLASSPATH, MAIN["kafka-dump-log"]]
    done = subprocess.run([*jvm, *arguments, "--files", ",".join(map(str, files))], capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    for complaint in ("Mismatches in", "Index sanity check failed", "Found out of order", "Found timestamp mismatch", "Found shallow offset",
                      "isvalid: false", "Exception"):
        at = said.find(complaint)
        assert at < 0, f"{complaint}: {said[max(0, at - 500):at + 1500]}"
    # The tool takes -1 for the offset before every file, so each but the first "is followed by" its own base offset.
    gaps = [line for line in re.findall(r"^\s+(-?\d+ is followed by \d+)$", said, re.M) if not line.startswith("-1 ")]
    assert not gaps, gaps
    return said


def filled(one, name: str) -> list[str]:
    """Several segments of every codec, idempotent and not; returns the lines in order."""
    lines = []
    for index, codec in enumerate(CODECS):
        part = [f"{codec} {number} {random.randbytes(150).hex()}" for number in range(2000)]
        idempotent = str(index % 2 == 0).lower()
        produce(name, part, "-z", codec, "-X", "acks=all", "-X", f"enable.idempotence={idempotent}", "-X", "batch.size=8192", "-p", "0", bootstrap=one.bootstrap)
        lines += part
    return lines


def partition(one, name: str) -> Path:
    return one.data / f"{name}-0"


def tree(directory: Path) -> dict[str, str]:
    """Every path below a directory with its content's hash and its times."""
    found = {}
    for path in sorted(directory.rglob("*")):
        facts = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "directory"
        found[str(path.relative_to(directory))] = f"{content} {facts.st_size} {facts.st_mtime_ns} {oct(facts.st_mode)}"
    return found


def check_dumps(directory: Path, records: int, stopped: bool) -> None:
    logs = sorted(directory.glob("*.log"))
    said = dump(logs, "--deep-iteration", "--print-data-log")
    assert said.count("| offset: ") == records, f"{said.count('| offset: ')} of {records} records"
    # An active segment's index is preallocated while it is open; only a stopped one has its final size.
    for kind in ("*.index", "*.timeindex"):
        indexes = sorted(directory.glob(kind))
        assert stopped is False or indexes
        indexes = indexes if stopped else indexes[:-1]
        dump(indexes, "--verify-index-only")
        if kind == "*.index":
            dump(indexes, "--index-sanity-check")
    snapshots = sorted(directory.glob("*.snapshot"))
    if stopped:
        assert snapshots, "a stopped broker leaves a producer snapshot"
        assert "producerId:" in dump(snapshots[-1:])


@story
def kafka_dump_log_reads_our_segments_indexes_and_snapshots():
    one = fresh(SMALL_SEGMENTS)
    lines = filled(one, "dumped")
    one.stop()
    directory = partition(one, "dumped")
    assert len(list(directory.glob("*.log"))) > 1, "several segments"
    assert {path.name for path in directory.iterdir()} >= {"leader-epoch-checkpoint", "partition.metadata"}
    check_dumps(directory, len(lines), stopped=True)


@story
def kafka_dump_log_reads_what_a_kill_left_after_recovery():
    one = fresh(SMALL_SEGMENTS)
    lines = filled(one, "dumped")
    one.kill()
    one.start()
    one.stop()
    check_dumps(partition(one, "dumped"), len(lines), stopped=True)


def moved(writer: type, reader: type) -> None:
    """A partition directory written by one broker is laid in place of the other's while both are stopped."""
    source = keep(writer(SMALL_SEGMENTS)).start()
    lines = filled(source, "moved")
    kcat("-P", "-t", "moved", "-p", "0", "-K:", "-H", "h=1", stdin=b"key:last\n", bootstrap=source.bootstrap)
    source.stop()
    goal = keep(reader(SMALL_SEGMENTS)).start()
    produce("moved", ["to be replaced"], "-p", "0", bootstrap=goal.bootstrap)
    goal.stop()
    directory = partition(goal, "moved")
    own = (directory / "partition.metadata").read_bytes()
    shutil.rmtree(directory)
    shutil.copytree(partition(source, "moved"), directory)
    (directory / "partition.metadata").write_bytes(own)  # the topic id is the reader's own
    for checkpoint in ("recovery-point-offset-checkpoint", "replication-offset-checkpoint", "log-start-offset-checkpoint", ".kafka_cleanshutdown"):
        (goal.data / checkpoint).unlink(missing_ok=True)  # they speak of the directory that was replaced
    goal.start()
    assert consume("moved", bootstrap=goal.bootstrap) == [*lines, "last"]
    assert consume("moved", offset="5000", bootstrap=goal.bootstrap) == [*lines, "last"][5000:]
    produce("moved", ["appended"], "-p", "0", bootstrap=goal.bootstrap)
    assert consume("moved", offset=str(len(lines)), bootstrap=goal.bootstrap) == ["last", "appended"]
    goal.stop()
    check_dumps(directory, len(lines) + 2, stopped=True)


@story
def a_partition_written_by_apache_kafka_opens_and_serves():
    moved(Kafka, target())


@story
def a_partition_written_by_us_opens_and_serves_in_apache_kafka():
    moved(target(), Kafka)


@story
def a_directory_of_a_kafka_node_is_refused_and_not_one_byte_changes():
    if target() is not Ottla:
        raise Skip("what Ottla does")
    kafka = keep(Kafka()).start()
    produce("theirs", ["precious"], bootstrap=kafka.bootstrap)
    kafka.stop()
    before = tree(kafka.data)
    one = keep(Ottla(data=kafka.data))
    try:
        one.start()
    except RuntimeError as error:
        assert one.process.returncode not in (None, 0), "exited with a failure"
        assert "kafka" in str(error).lower() and str(kafka.data) in str(error), error
    else:
        raise AssertionError("Ottla started on a Kafka node's directory")
    assert tree(kafka.data) == before
    kafka.start()
    assert consume("theirs", bootstrap=kafka.bootstrap) == ["precious"]


@story
def a_directory_that_the_metadata_does_not_know_is_left_alone():
    if target() is not Ottla:
        raise Skip("Apache Kafka renames stray directories")
    one = fresh()
    produce("known", ["x"], bootstrap=one.bootstrap)
    one.stop()
    stranger = one.data / "stranger-0"
    shutil.copytree(partition(one, "known"), stranger)
    before = tree(stranger)
    one.start()
    assert "stranger-0" in one.said(), "it is reported"
    one.stop()
    assert tree(stranger) == before
