"""Members of the group, in processes of three client languages that all speak these lines.

A process is given `bootstrap= group= topic= strategy= session_ms= heartbeat_ms=` as arguments, and then on standard input

    join NAME                               a member of that name joins
    leave NAME                              it leaves in good order

Standard input's end ends the process at once. On standard output it says what its members do, each line with the time in microseconds
since 1970 before it; `BEGAN` is when a call was made, in the same unit. PARTITIONS are `1,2,3` or `-`, NUMBERS are `1=10,2=20`.

    assigned NAME GENERATION PARTITIONS     everything that the member owns from here on
    revoked NAME PARTITIONS                 what it gives up, or has lost
    stored NAME BEGAN NUMBERS               what a look-up of committed offsets found
    committed NAME BEGAN GENERATION NUMBERS what was acknowledged
    left NAME
    failed NAME WHY                         an error that the client does not mend itself
"""

import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import paths

HERE = Path(__file__).parent
LANGUAGES: dict[str, list[str]] = {
    "python": [str(paths.PYTHON), str(HERE / "member.py")],
    "java": ["java", "-Xmx256m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", paths.CLASSPATH, "ottla.Members"],
    "go": [str(paths.GO / "bin" / "members")],
}


@dataclass
class Event:
    """One line, read. What a kind of event does not say is empty."""

    at_us: int
    kind: str
    member: str
    began_us: int = 0
    generation: int = -1
    partitions: tuple[int, ...] = ()
    numbers: dict[int, int] | None = None
    why: str = ""


def read(line: str) -> Event:
    at, kind, member, *rest = line.split(" ")
    event = Event(int(at), kind, member)
    match kind, rest:
        case "assigned", [generation, partitions]:
            event.generation, event.partitions = int(generation), read_partitions(partitions)
        case "revoked", [partitions]:
            event.partitions = read_partitions(partitions)
        case "stored", [began, numbers]:
            event.began_us, event.numbers = int(began), read_numbers(numbers)
        case "committed", [began, generation, numbers]:
            event.began_us, event.generation, event.numbers = int(began), int(generation), read_numbers(numbers)
        case "left", []:
            pass
        case "failed", _:
            event.why = " ".join(rest)
        case _:
            raise ValueError(f"not an event: {line}")
    return event


def read_partitions(words: str) -> tuple[int, ...]:
    return () if words == "-" else tuple(map(int, words.split(",")))


def read_numbers(words: str) -> dict[int, int]:
    return {int(partition): int(number) for partition, number in (word.split("=") for word in words.split(",") if word)}


class Process:
    """One process and the names of its members. `heard` is called with each event, on a thread of this process's own."""

    def __init__(self, language: str, settings: dict[str, str], heard: Callable[[Event], None]):
        self.language = language
        self.members: list[str] = []
        self.heard = heard
        words = [f"{key}={value}" for key, value in settings.items()]
        self.child = subprocess.Popen([*LANGUAGES[language], *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self._listen, daemon=True)
        self.reader.start()

    def _listen(self) -> None:
        for line in self.child.stdout:
            if line.endswith("\n"):  # the last one of a killed process may be a part
                self.heard(read(line.rstrip("\n")))

    def join(self, name: str) -> None:
        self.members.append(name)
        self._tell(f"join {name}")

    def leave(self, name: str) -> None:
        self.members.remove(name)
        self._tell(f"leave {name}")

    def _tell(self, command: str) -> None:
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()

    def kill(self) -> list[str]:
        """As a crash; returns whose members those were, once everything that they said has been heard."""
        self.child.kill()
        self.child.wait()
        self.reader.join(10)
        return self.members
