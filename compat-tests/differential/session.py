"""A script's hands: it asks one broker, and everything answered is written down for comparison."""

import os
import struct
import time
from collections.abc import Callable

import normalise
from wire import Closed, Connection, Silent

SCRIPTS: dict[str, list[Callable]] = {}


def script(api: str):
    """Registers a script for every served version of an API: `def name(s: Session, version: int)`."""

    def register(function: Callable) -> Callable:
        SCRIPTS.setdefault(api, []).append(function)
        return function

    return register


class Session:
    """One script at one version against one broker. `steps` maps each label to the flat table of what was answered."""

    def __init__(self, port: int, names: normalise.Names, api: str, version: int):
        self.port = port
        self.names = names
        self.api = api
        self.version = version
        self.prefix = f"{api}-{version}-"
        self.story = ""  # the script that runs now; labels need to be unique only in it
        self.steps: dict[str, dict[str, object]] = {}
        self._connection: Connection | None = None
        self._quiet: Connection | None = None

    # ── recorded ──

    def ask(self, label: str, body: dict, *, api: str | None = None, version: int | None = None, keep: Callable[[dict], dict] | None = None,
            client: str | None = "differential", trailing: bytes = b"") -> dict:
        """Sends a request of the script's API and version, records the answer, returns it undressed ({} when there is none)."""
        api, version = api or self.api, self.version if version is None else version
        request = self.connection().request(api, version, body, client, trailing)
        return self._record(label, api, version, request, keep)

    def ask_bytes(self, label: str, request: bytes, *, api: str | None = None, version: int | None = None) -> dict:
        """Sends a request made by hand (header and body, no size)."""
        return self._record(label, api or self.api, self.version if version is None else version, request, None)

    def ask_unanswered(self, label: str, body: dict) -> None:
        """Sends a request that has no answer (acks=0) and records whether the connection lives on, by asking ApiVersions."""
        connection = self.connection()
        connection.send(connection.request(self.api, self.version, body))
        probe = connection.request("ApiVersions", 0, {})
        self._record(label, "ApiVersions", 0, probe, lambda answer: {"connection": "lives on"})

    def frame(self, label: str, raw: bytes) -> None:
        """Sends raw bytes, size prefix and all, on a connection of their own; records that it was closed, or what came back."""
        connection = Connection(self.port, limit_s=3)
        try:
            connection.send_raw(raw)
            self._put(label, {"answer": connection.receive()[4:].hex()})
        except Closed:
            self._put(label, {"answer": "connection closed"})
        except Silent:
            self._put(label, {"answer": "none"})
        finally:
            connection.close()

    def note(self, label: str, **facts) -> None:
        self._put(label, facts)

    def _put(self, label: str, table: dict) -> None:
        step = f"{self.story}: {label}"
        assert step not in self.steps, f"{step} was used before"
        self.steps[step] = table

    def _record(self, label: str, api: str, version: int, request: bytes, keep) -> dict:
        connection = self.connection()
        started = time.monotonic()
        try:
            connection.send(request)
            answer = connection.answer(api, version)
            if time.monotonic() - started > 1 and os.environ.get("DIFFERENTIAL_TRACE"):
                print(f"    slow: {api} v{version} {label}: {time.monotonic() - started:.1f} s")
        except Closed:
            self._connection = None
            self._put(label, {"answer": "connection closed"})
            return {}
        except (Silent, ValueError, UnicodeDecodeError) as problem:
            if os.environ.get("DIFFERENTIAL_TRACE"):
                print(f"    {problem!r}: {api} v{version} {label}")
            self._connection = None
            self._put(label, {"answer": f"{type(problem).__name__}: {problem}"})
            return {}
        normalise.learn(answer, self.names)
        self.names.is_ordered = api in normalise.ORDERED_APIS
        self._put(label, normalise.flatten(keep(answer) if keep else answer, self.names))
        return answer

    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self.port)
        return self._connection

    # ── preparation, not recorded ──

    def quietly(self, api: str, version: int, body: dict) -> dict:
        if self._quiet is None:
            self._quiet = Connection(self.port)
        self._quiet.send(self._quiet.request(api, version, body))
        answer = self._quiet.answer(api, version)
        normalise.learn(answer, self.names)
        return answer

    def topic(self, name: str, partitions: int = 1, **configs: str) -> str:
        """Creates `<api>-<version>-<name>` and waits until its partitions serve. Config keys are written with underscores."""
        full = self.prefix + name
        settings = [{"name": key.replace("_", "."), "value": value} for key, value in configs.items()]
        topic = {"name": full, "num_partitions": partitions, "replication_factor": 1, "configs": settings}
        (made,) = self.quietly("CreateTopics", 7, {"topics": [topic]})["topics"]
        assert made["error_code"] == 0, made
        self.until_served(full, partitions)
        return full

    def until_served(self, full: str, partitions: int = 1) -> None:
        self.until(lambda: all(partition["error_code"] == 0 for partition in self.ends(full, partitions)))

    def ends(self, full: str, partitions: int = 1) -> list[dict]:
        wanted = [{"partition_index": index, "timestamp": -1} for index in range(partitions)]
        return self.quietly("ListOffsets", 7, {"topics": [{"name": full, "partitions": wanted}]})["topics"][0]["partitions"]

    def topic_id(self, full: str) -> str:
        def found():
            (topic,) = self.quietly("Metadata", 12, {"topics": [{"name": full}], "allow_auto_topic_creation": False})["topics"]
            return topic["error_code"] == 0 and topic["topic_id"]

        return self.until(found)

    def write(self, full: str, *batches: bytes, partition: int = 0) -> None:
        """Appends batches, acknowledged."""
        for raw in batches:
            part = {"index": partition, "records": raw}
            (topic,) = self.quietly("Produce", 9, {"acks": -1, "topic_data": [{"name": full, "partition_data": [part]}]})["responses"]
            assert topic["partition_responses"][0]["error_code"] == 0, topic

    def until(self, condition: Callable[[], object], limit_s: float = 15.0):
        deadline = time.monotonic() + limit_s
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError("a condition of the script was not reached")
            time.sleep(0.01)
        return value

    def reconnect(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def close(self) -> None:
        for connection in (self._connection, self._quiet):
            if connection:
                connection.close()


def frame(request: bytes) -> bytes:
    return struct.pack(">i", len(request)) + request
