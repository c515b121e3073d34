"""What a person with kcat (librdkafka 2.0 from Debian) does: the issue's two commands, then every way to write and read."""

import json
import re
import subprocess
import time

import cells
from kcat import consume, kcat, produce
from story import broker, cases, fresh, proves, story, topic

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")

cells.client("kcat", re.sub(r"(?s).*Version (\S+).*(librdkafka \S+).*", r"\1 (\2)", subprocess.run(["kcat", "-V"], capture_output=True, text=True).stdout))
cells.limited(
    "it produces, consumes, lists metadata and asks for offsets, and sends no other administrative request",
    "admin-create", "admin-grow", "admin-alter-configs", "admin-delete", "admin-list-groups", "admin-describe-groups", "admin-delete-records",
)
cells.noted("header values are text given on its command line, and empty or not", "headers")
cells.noted("it ends with the first record that is refused", "too-large")


@story
@proves("auto-create")
def the_first_record_to_an_unknown_topic_is_acknowledged_at_once():
    name = topic()
    started = time.monotonic()
    kcat("-P", "-t", name, stdin=b"hi\n")
    seconds = time.monotonic() - started
    assert consume(name) == ["hi"]
    assert seconds < 5, f"took {seconds:.1f} s"


@cases(**{
    f"{codec},acks={acks}{',idempotent' if idempotent else ''}": (codec, acks, idempotent)
    for codec in CODECS for acks in ("0", "1", "all") for idempotent in (False, True) if not idempotent or acks == "all"
})
@proves("codec-{0}")
def records_come_back_as_written(codec, acks, idempotent):
    name = topic()
    lines = [f"record {number} {'x' * 100}" for number in range(500)]
    options = ["-z", codec, "-X", f"acks={acks}", "-X", f"enable.idempotence={str(idempotent).lower()}", "-p", "0"]
    produce(name, lines, *options)
    deadline = time.monotonic() + 10
    while (found := consume(name)) != lines and acks != "all" and time.monotonic() < deadline:
        pass  # acks=0 says nothing about when, and acks=1 nothing about when followers have it
    assert found == lines, f"{len(found)} of {len(lines)} records"


@story
@proves("headers", "null-and-empty")
def keys_headers_nulls_and_empties_come_back():
    name = topic()
    kcat("-P", "-t", name, "-K:", "-H", "one=1", "-H", "one=2", "-H", "empty=", stdin=b"key:value\n")
    kcat("-P", "-t", name, "-K:", "-Z", stdin=b"tombstone:\n")
    kcat("-P", "-t", name, "-K:", stdin=b":\n")
    kcat("-P", "-t", name, stdin=b"no key\n")
    records = [json.loads(line) for line in kcat("-C", "-t", name, "-J", "-q", "-e", "-o", "beginning").splitlines()]
    assert records[0]["headers"] == ["one", "1", "one", "2", "empty", ""], records[0]
    assert [(record["key"], record["payload"]) for record in records] == [("key", "value"), ("tombstone", None), ("", ""), (None, "no key")]
    assert [record["offset"] for record in records] == [0, 1, 2, 3]


@story
@proves("keyed-ordering")
def each_key_keeps_its_order_in_one_partition():
    one, name = fresh({"num.partitions": "6"}), topic()
    produce(name, [f"{number % 50}:{number}" for number in range(1000)], "-K:", bootstrap=one.bootstrap)
    found = [consume(name, "-p", str(partition), form="%k:%s\\n", bootstrap=one.bootstrap) for partition in range(6)]
    assert sum(map(len, found)) == 1000 and sum(map(bool, found)) > 1
    for key in range(50):
        (lines,) = [mine for partition in found if (mine := [line for line in partition if line.startswith(f"{key}:")])]
        assert lines == [f"{key}:{number}" for number in range(key, 1000, 50)], key


@story
@proves("from-latest")
def reading_from_the_end_yields_only_what_comes_after():
    name = topic()
    produce(name, ["old"])
    command = ["kcat", "-b", broker().bootstrap, "-C", "-t", name, "-o", "end", "-c", "1", "-u"]
    reading = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert "Reached end of topic" in reading.stderr.readline()
        produce(name, ["new"])
        assert reading.communicate(timeout=20)[0] == "new\n"
    finally:
        reading.kill()
        reading.wait()


@story
@proves("from-earliest", "from-offset")
def reading_starts_where_it_is_told_to():
    name = topic()
    produce(name, [str(number) for number in range(10)])
    assert consume(name, offset="beginning") == [str(number) for number in range(10)]
    assert consume(name, offset="end") == []
    assert consume(name, offset="7") == ["7", "8", "9"]
    assert consume(name, offset="-2") == ["8", "9"]
    assert consume(name, "-c", "3", offset="4", form="%o=%s\n") == ["4=4", "5=5", "6=6"]


@story
@proves("from-timestamp", "admin-offsets-by-time")
def offsets_and_records_are_found_by_time():
    name = topic()
    produce(name, ["early"])
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    produce(name, ["late"])
    assert consume(name, offset=f"s@{between}") == ["late"]
    assert f"{name} [0] offset 1" in kcat("-Q", "-t", f"{name}:0:{between}")
    assert f"{name} [0] offset 0" in kcat("-Q", "-t", f"{name}:0:{between - 60_000}")
    assert f"{name} [0] offset -1" in kcat("-Q", "-t", f"{name}:0:{between + 60_000}")
    assert f"{name} [0] offset 0" in kcat("-Q", "-t", f"{name}:0:-2")
    assert f"{name} [0] offset 2" in kcat("-Q", "-t", f"{name}:0:-1")


@story
@proves("one-mebibyte", "too-large")
def a_mebibyte_goes_through_and_more_than_the_limit_is_refused():
    name = topic()
    allowed = 1_000_000
    produce(name, ["m" * allowed], "-X", "message.max.bytes=4000000")
    (back,) = consume(name, "-X", "fetch.message.max.bytes=4000000")
    assert back == "m" * allowed
    error = kcat("-P", "-t", name, "-X", "message.max.bytes=4000000", stdin=b"n" * 2_000_000 + b"\n", fails=True)
    assert "Message size too large" in error, error
    assert len(consume(name)) == 1


@story
@proves("admin-describe")
def metadata_lists_the_broker_and_the_topic_at_its_advertised_address():
    name = topic()
    produce(name, ["x"])
    metadata = json.loads(kcat("-L", "-J"))
    assert sorted(entry["name"] for entry in metadata["brokers"]) == sorted(broker().addresses), metadata["brokers"]
    (found,) = [entry for entry in metadata["topics"] if entry["topic"] == name]
    (only,) = found["partitions"]
    assert only["partition"] == 0 and only["leader"] in broker().ids, found
    assert [sorted(one["id"] for one in only[kind]) for kind in ("replicas", "isrs")] == [broker().ids] * 2, found


@story
def each_listener_answers_with_its_own_address():
    one = fresh(listeners=("INNER", "OUTER"))
    for port in one.ports.values():
        metadata = json.loads(kcat("-L", "-J", bootstrap=f"localhost:{port}"))
        assert [entry["name"] for entry in metadata["brokers"]] == [f"localhost:{port}"], metadata["brokers"]
        produce("shared", [f"through {port}"], bootstrap=f"localhost:{port}")
    assert len(consume("shared", bootstrap=one.bootstrap)) == 2


@story
def records_outlive_a_restart_and_a_kill():
    one = fresh()
    produce("kept", [f"before {number}" for number in range(100)], "-z", "lz4", bootstrap=one.bootstrap)
    one.stop()
    one.start()
    produce("kept", [f"between {number}" for number in range(100)], "-z", "zstd", bootstrap=one.bootstrap)
    one.kill()
    one.start()
    produce("kept", ["after"], bootstrap=one.bootstrap)
    wanted = [f"before {number}" for number in range(100)] + [f"between {number}" for number in range(100)] + ["after"]
    assert consume("kept", bootstrap=one.bootstrap) == wanted
