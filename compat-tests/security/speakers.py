"""The clients by name, and how each is asked to log in and to send and read a record.

A program of each client's language reads cases from its standard input, a JSON object a line:

    case                    a name without spaces; it is the record that is sent and must come back
    topic, bootstrap        partition 0 of it
    protocol                security.protocol
    mechanism               sasl.mechanism, where there is one
    user, password          of PLAIN and SCRAM; with `is_delegation_token` they are a token's id and its HMAC
    token, token_file       of OAUTHBEARER: the token, and where it lies
    ca                      whom to trust, PEM
    certificate, key, both  its own, PEM: apart, and in one file
    patience_s              for clients that try again and again: for how long
    stays_s                 first it sends records of 10,000 bytes for so long, and never tries again (of clients that `stay`)

and answers each with `{"case": …, "error": null}`, or what this client says in the place of null; those that are told when they are throttled
add `throttled_ms`, the longest time.
"""

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import install
import paths

CLIENTS = paths.COMPAT / "security" / "clients"
LIMIT_S = 300


@dataclass(frozen=True)
class Speaker:
    name: str
    command: list[str]
    needs: Callable[[], None]
    stays: bool = False  # understands `stays_s`
    cannot: dict[str, str] = field(default_factory=dict)  # mechanisms that it does not have, and why


def python(name: str, interpreter: object, needs: Callable[[], None], **settings) -> Speaker:
    return Speaker(name, [str(interpreter), str(CLIENTS / f"by_{name.replace('-', '_')}.py")], needs, **settings)


def node(name: str) -> Speaker:
    return Speaker(name, ["node", "--no-warnings", str(paths.COMPAT / "node" / "secure.mjs"), name], install.node, stays=True)


JVM = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlevel=off", "-cp", paths.CLASSPATH]
NO_KEYS = "Debian's build makes unsigned tokens, or asks for one at an address; it takes none that is there"
SPEAKERS = [
    Speaker("java", [*JVM, "ottla.Secure"], install.java, stays=True),
    python("librdkafka", paths.SECURITY_PYTHON, install.security),
    Speaker("franz-go", [str(paths.GO / "bin" / "secure")], install.go, stays=True),
    node("kafkajs"),
    python("aiokafka", paths.AIOKAFKA_PYTHON, install.aiokafka),
    python("kcat", paths.SECURITY_PYTHON, install.kcat, cannot={"OAUTHBEARER": NO_KEYS}),
    node("@platformatic/kafka"),
    python("kafka-python", paths.SECURITY_PYTHON, install.security),
]
BY_NAME = {one.name: one for one in SPEAKERS}


def ask(speaker: Speaker, cases: list[dict]) -> dict[str, dict]:
    """What the client said to each case; its `error` is None where the record came back."""
    speaker.needs()
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(speaker.command, input=lines, capture_output=True, text=True, timeout=LIMIT_S)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"')]
    told = {one["case"]: one for one in said}
    missing = [case["case"] for case in cases if case["case"] not in told]
    assert not missing, f"{speaker.name} says nothing of {missing}: {done.stdout[-1000:]}{done.stderr[-3000:]}"
    return told


def ask_each(speakers: list[Speaker], case: Callable[[], dict]) -> dict[str, dict]:
    """What each client said to a case of its own, by its name; all at once."""
    for speaker in speakers:
        speaker.needs()
    with ThreadPoolExecutor(len(speakers)) as pool:
        said = {speaker.name: pool.submit(ask, speaker, [case() | {"case": "one"}]) for speaker in speakers}
        return {name: future.result()["one"] for name, future in said.items()}
