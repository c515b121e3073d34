"""A member of a group: kafka-verifiable-consumer, which says what it is assigned and reads in lines of JSON."""

import json
import signal
import tempfile
import threading
from pathlib import Path

from story import wait_for
from tool import started

ASSIGNORS = {"range": "RangeAssignor", "cooperative-sticky": "CooperativeStickyAssignor"}


class Member:
    def __init__(self, group: str, topic: str, assignor: str = "range", instance: str | None = None, session_ms: int = 6000):
        self.owned: set[int] = set()
        self.read: set[tuple[int, int]] = set()  # partition and offset
        self.events: list[dict] = []
        self.settings = tempfile.NamedTemporaryFile("w", suffix=".properties")
        self.settings.write("heartbeat.interval.ms=300\n")
        self.settings.flush()
        more = ["--group-instance-id", instance] if instance else []
        self.process = started(
            "kafka-verifiable-consumer", "--topic", topic, "--group-id", group, "--session-timeout", str(session_ms),
            "--assignment-strategy", f"org.apache.kafka.clients.consumer.{ASSIGNORS[assignor]}", "--command-config", str(Path(self.settings.name)), *more)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            event = json.loads(line)
            self.events.append(event)
            partitions = {entry["partition"] for entry in event.get("partitions", [])}
            if event["name"] == "partitions_assigned":
                self.owned = self.owned | partitions
            elif event["name"] == "partitions_revoked":
                self.owned = self.owned - partitions
            elif event["name"] == "records_consumed":
                for entry in event["partitions"]:
                    self.read |= {(entry["partition"], offset) for offset in range(entry["minOffset"], entry["maxOffset"] + 1)}

    def crash(self) -> None:
        self.process.kill()
        self.process.wait()

    def leave(self) -> None:
        """SIGTERM, on which it closes its consumer. A static member does not leave so."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def settled(members: list[Member], *sizes: int) -> None:
    """Waits until the members own these many partitions each, in any order, all of them together and none twice."""

    def are_settled() -> bool:
        owned = [member.owned for member in members]
        return sorted(map(len, owned)) == sorted(sizes) and len(set().union(*owned)) == sum(sizes)

    wait_for(are_settled, f"{sizes}, but {[sorted(member.owned) for member in members]}", limit_s=60)
