"""The table of a run, as Markdown: one row per figure, one column per contestant, and the ratios between them."""

import argparse
import os
import platform
import statistics
import subprocess
from pathlib import Path

import paths

Figures = dict[str, list[float]]


def markdown(columns: dict[str, Figures], options: argparse.Namespace, seconds: float) -> str:
    rows = list(dict.fromkeys(row for figures in columns.values() for row in figures))
    rows.sort(key=row_order)
    head = ["", *columns, "Ottla ÷ floor", "better than Kafka"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    for row in rows:
        medians = [statistics.median(figures[row]) if row in figures else None for figures in columns.values()]
        cells = [cell(figures.get(row)) for figures in columns.values()]
        floor, ottla, kafka = medians
        lines.append("| " + " | ".join([row, *cells, ratio(ottla, floor), better(row, ottla, kafka)]) + " |")
    return "\n".join([INTRODUCTION, *settings(options, seconds), "", *lines, ""])


def row_order(row: str) -> tuple[int, str]:
    """By the number of the workload; figures without one come last."""
    word = row.split(" ")[0]
    return (int(word[1:]), "") if word[:1] == "W" and word[1:].isdigit() else (1000, row)


def cell(values: list[float] | None) -> str:
    if not values:
        return "–"
    spread = f" ({short(min(values))}–{short(max(values))})" if len(values) > 1 else ""
    return short(statistics.median(values)) + spread


def short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ratio(above: float | None, below: float | None) -> str:
    return f"{short(above / below)} ×" if above is not None and below else ""


def better(row: str, ottla: float | None, kafka: float | None) -> str:
    """How many times more of a rate, or less of a cost."""
    return ratio(ottla, kafka) if row.endswith("/s") else ratio(kafka, ottla)


INTRODUCTION = """\
# Benchmarks

Written by `make bench` (compat-tests/bench); do not edit. The columns of one run took turns on one machine, so that their ratios mean
something; the absolute numbers illustrate. The last column says how many times less of a cost, or more of a rate, Ottla has. Medians, with the least and the most in parentheses. CPU is that of the broker's process
alone, RSS is without page cache. The limit probe does only what no broker can leave out: receive, CRC-32C and write to the page cache;
`sendfile`; `fdatasync`; echo.

Failover (W12) and many partitions of a cluster of three: [failover.md](failover.md).
"""


def settings(options: argparse.Namespace, seconds: float) -> list[str]:
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=paths.ROOT, capture_output=True, text=True).stdout.strip()
    jars = sorted(path.stem.removeprefix("kafka-clients-") for path in Path(paths.KAFKA_JARS).glob("kafka-clients-*.jar"))
    load = os.getloadavg()[0]
    return [
        f"* Ottla {commit or 'unknown'}; Apache Kafka {jars[0] if jars else 'unknown'} on OpenJDK (KRaft, combined mode, 1 GB heap, G1); both on their"
        " defaults otherwise: fsync left to the kernel, no compression, no retention or compaction active, replication factor 1.",
        f"* Generator: librdkafka through the `rdkafka` crate, one producer or consumer, acks=1 where nothing else is said, `batch.size` 128 KiB, `linger.ms` 5, no keys;"
        f" {options.megabytes} MB of 1 KiB records over 6 partitions, {options.small_records} records of 100 B in one.",
        f"* {os.cpu_count()} cores ({model}) shared by broker and generator, {memory_gb:.0f} GB of memory, Linux {platform.release()};"
        f" {options.rounds} rounds in {seconds:.0f} s; load average at the end {load:.1f}.",
    ]
