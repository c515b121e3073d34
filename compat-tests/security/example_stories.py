"""What the examples' READMEs tell people to type, typed: every block of commands, in order, in a directory and a network of its own.

The ports are the examples' own, so each runs in a network namespace. `ottla` is the binary under test and `kafka-….sh` are Kafka's tools.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import install
import network
import paths
from story import Skip, story
from targets import target

TOOLS = {"kafka-topics.sh": "org.apache.kafka.tools.TopicCommand", "kafka-configs.sh": "kafka.admin.ConfigCommand", "kafka-acls.sh": "org.apache.kafka.tools.AclCommand"}
JVM = f"java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '{paths.CLASSPATH}'"
LIMIT_S = 180
# As a person would look, before typing on.
UNTIL_READY = """
import sys, time, urllib.request
for port in (19291, 19292, 19293):
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=5)
            break
        except OSError:
            time.sleep(0.1)
    else:
        sys.exit(f"the node at {port} is not ready")
"""
# Every node ends with the commands, whatever they come to.
AROUND = """set -euo pipefail
ip link set lo up
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
{commands}
"""


def programs(folder: Path) -> Path:
    """A directory with the commands that the examples use and a machine may not have under these names."""
    commands = {"ottla": str(paths.OTTLA)} | {name: f"{JVM} {main}" for name, main in TOOLS.items()}
    for name, command in commands.items():
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        file.chmod(0o755)
    return folder


def typed(example: str, *further: str) -> str:
    """What the README's commands print, and further ones after them; all must succeed."""
    if target().name == "kafka":
        raise Skip("the examples are Ottla's")
    install.network()
    if reason := network.refusal():
        raise Skip(reason)
    readme = paths.ROOT / "deploy" / "examples" / example / "README.md"
    blocks = re.findall(r"^```sh\n(.*?)^```", readme.read_text(), re.MULTILINE | re.DOTALL)
    paths.WORK.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="example-", dir=paths.WORK))
    (home / "deploy").symlink_to(paths.ROOT / "deploy")
    (home / "bin").mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
    environment = clean | {"PATH": f"{programs(home / 'bin')}:{os.environ['PATH']}"}
    waiting = f"{sys.executable} -c '{UNTIL_READY}'"
    first, *later = blocks  # the first one starts the nodes
    script = AROUND.format(commands="\n".join([first, waiting, *later, *further]))
    command = [*network.unshare(), "timeout", "--kill-after=10", str(LIMIT_S), "bash", "-c", script]
    with open(home / "said.txt", "w+") as said:
        done = subprocess.run(command, cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True)
        said.seek(0)
        assert done.returncode == 0, f"exited with {done.returncode}; {home}: {done.stdout[-2000:]}{said.read()[-3000:]}"
    return done.stdout


@story
def the_secure_example_is_typed_as_it_stands_and_alice_is_greeted():
    stranger = "-b localhost:19091 -X security.protocol=SASL_SSL -X ssl.ca.location=ottla-secure/ca.pem -X sasl.mechanism=SCRAM-SHA-512 -m 3"
    refused = [
        f"! kcat {stranger} -X sasl.username=alice -X sasl.password=wrong -L || exit 1",
        "! kcat -b localhost:19091 -m 3 -L || exit 1",
        # alice sees her topic, and may not make another
        "kcat $as_alice -L | grep -c 'topic \"' | sed 's/^/alice sees /'",
        "! kafka-topics.sh $as_alice_in_java --create --topic others || exit 1",
    ]
    properties = "sed 's/\"admin\"/\"alice\"/; s/password=\".*\"/password=\"alice-secret\"/' ottla-secure/admin.properties > ottla-secure/alice.properties"
    said = typed("secure", properties, 'as_alice_in_java="--bootstrap-server localhost:19092 --command-config ottla-secure/alice.properties"', *refused)
    assert "\nhello\n" in said and "alice sees 1\n" in said, said
    assert "Error while executing topic command" in said, said


@story
def the_example_of_mutual_tls_is_typed_as_it_stands_and_lists_three_brokers():
    said = typed("mutual-tls", "! kcat -b localhost:19091 -m 3 -L -X security.protocol=SSL -X ssl.ca.location=ottla-mutual-tls/ca.pem || exit 1")
    assert "3 brokers:" in said, said
