"""The console producer and consumer: records come back as they were written, from where one wants to read."""

import json
import time

import cells
import paths
from console import created, offsets, read, reader, shown, write
from story import cases, proves, story, topic, wait_for
from tool import started, tool

(CLIENTS_JAR,) = paths.KAFKA_JARS.glob("kafka-clients-*.jar")
cells.client("kafka-tools", CLIENTS_JAR.stem.removeprefix("kafka-clients-"))
cells.noted("the console producer makes headers of text only", "headers")
cells.noted("the console consumer has no option for a time; kafka-get-offsets finds the offset", "from-timestamp")
cells.noted("kafka-topics looks into its own listing before it deletes", "admin-delete")


@cases(none=("none",), gzip=("gzip",), snappy=("snappy",), lz4=("lz4",), zstd=("zstd",))
@proves("codec-{0}")
def records_come_back_as_written(codec):
    name, wanted = created(), []
    for acks, idempotent in (("0", "false"), ("1", "false"), ("all", "false"), ("all", "true")):
        lines = [f"{acks} {idempotent} {number} {'text ' * 20}" for number in range(200)]
        settings = ["--command-property", f"acks={acks}", "--command-property", f"enable.idempotence={idempotent}"]
        write(name, lines, "--compression-codec", codec, *settings)
        wanted += lines
    assert read(name, len(wanted)) == wanted


@story
@proves("keyed-ordering")
def records_of_one_key_keep_their_partition_and_order():
    name = created(3)
    write(name, [f"k{number % 20}\t{number}" for number in range(400)], *reader(parse_key="true"))
    counts = [int(line.split(":")[2]) for line in offsets(name)]
    assert sum(counts) == 400 and len([count for count in counts if count]) > 1, counts
    seen: dict[str, int] = {}
    for partition, count in enumerate(counts):
        if not count:
            continue
        found = [line.split("\t") for line in read(name, count, *shown(print_key="true"), partition=partition)]
        numbers: dict[str, list[int]] = {}
        for key, value in found:
            assert seen.setdefault(key, partition) == partition, f"{key} is in two partitions"
            numbers.setdefault(key, []).append(int(value))
        for key, values in numbers.items():
            assert values == list(range(int(key[1:]), 400, 20)), (key, values)


@story
@proves("headers")
def headers_come_back_in_order():
    name = created()
    write(name, ["a:1,b:2,a:3,empty:\tvalue"], *reader(parse_headers="true"))
    assert read(name, 1, *shown(print_headers="true")) == ["a:1,b:2,a:3,empty:\tvalue"]


@story
@proves("null-and-empty")
def nulls_and_empties_come_back():
    name = created()
    lines = ["NULL\tvalue", "\tvalue", "key\tNULL", "key\t"]
    write(name, lines, *reader(parse_key="true", null_marker="NULL"))
    assert read(name, 4, *shown(print_key="true", null_literal="NULL")) == lines


@story
@proves("one-mebibyte", "too-large")
def a_mebibyte_goes_through_and_more_is_refused_without_stopping_the_producer():
    name = created()
    # The last one must not fit into the few bytes that the client reserves too much for its predecessor: it splits such a batch for ever.
    large, last = "m" * 1_048_000, "and the producer goes on with what is allowed"
    write(name, [large, "n" * 2_000_000, last], "--command-property", "max.request.size=4000000")
    found = read(name, 2)
    assert found == [large, last], [line[:20] for line in found]
    assert offsets(name) == [f"{name}:0:2"]


@story
@proves("auto-create")
def a_topic_is_created_by_its_first_record():
    name = topic()
    write(name, ["first"])
    assert read(name, 1) == ["first"]


@story
@proves("from-earliest", "from-offset")
def reading_starts_at_the_earliest_and_at_an_offset():
    name = created()
    write(name, [str(number) for number in range(10)])
    assert read(name, 10) == [str(number) for number in range(10)]
    assert read(name, 3, offset="7") == ["7", "8", "9"]


@story
@proves("from-latest")
def reading_from_the_latest_offset_yields_what_is_written_afterwards():
    name = created()
    write(name, ["old"] * 5)
    consumer = started("kafka-console-consumer", "--topic", name, "--partition", "0", "--offset", "latest", "--max-messages", "1")
    try:

        def ended() -> bool:
            write(name, ["new"])
            return consumer.poll() is not None

        wait_for(ended, "the consumer has read one", limit_s=60)
        assert consumer.stdout.read() == "new\n"
    finally:
        consumer.kill()


@story
@proves("from-timestamp")
def reading_starts_by_time():
    name = created()
    write(name, ["early"], "--sync")
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    write(name, ["late", "later"], "--sync")
    assert offsets(name, "--time", str(between)) == [f"{name}:0:1"]
    assert read(name, 2, offset="1") == ["late", "later"]
    assert offsets(name, "--time", str(between + 600_000)) == []


def verifiable(name: str, *arguments: str) -> list[dict]:
    return [json.loads(line) for line in tool(name, *arguments).splitlines()]


@story
def the_verifiable_producer_and_consumer_agree():
    name = created(2)
    count = 500
    produced = verifiable("kafka-verifiable-producer", "--topic", name, "--max-messages", str(count))
    assert [event["name"] for event in produced].count("producer_send_success") == count, produced[-1]
    consumed = verifiable("kafka-verifiable-consumer", "--topic", name, "--group-id", topic("g"), "--max-messages", str(count), "--verbose")
    assert sorted(int(event["value"]) for event in consumed if event["name"] == "record_data") == list(range(count))
    assert any(event["name"] == "offsets_committed" and event["success"] for event in consumed)
