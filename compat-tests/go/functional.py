"""Sarama's own functional tests against a fresh broker behind a proxy; judged by sarama-expected.toml (see owntests.py).

The tests expect five brokers of Docker's, with a toxiproxy before each, and topics of three replicas. `functional.py --prepare`,
which the installer calls, copies the module and tells its harness, in one file and in the three places below, of one broker, one
replica and a port of our choice; the tests themselves stay as they are. Run a part: `functional.py TestFuncConsumerGroup`.
"""

import atexit
import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import owntests
import paths
from targets import Broker, free_port, target

PACKAGE = "github.com/IBM/sarama"
COPY = paths.GO / "sarama-functional"
HARNESS = "functional_test.go"
TOLD = {
    "i <= 5": "i <= 1",
    "ReplicationFactor: 3": "ReplicationFactor: 1",
    "29090+i": 'func() int { port, _ := strconv.Atoi(os.Getenv("FIRST_PORT")); return port }()',
}
# What Sarama's docker-compose.yml says of its brokers, beside their number.
COMPOSED = {"auto.create.topics.enable": "false"}


def prepare() -> None:
    """Makes the copy anew; raises ValueError when the harness is no longer what we know."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(owntests.folder_of(PACKAGE), COPY, copy_function=shutil.copyfile)
    text = (COPY / HARNESS).read_text()
    for theirs, ours in TOLD.items():
        if theirs not in text:
            raise ValueError(f"Sarama's {HARNESS} has no `{theirs}` any more")
        text = text.replace(theirs, ours)
    (COPY / HARNESS).write_text(text)


def proxied(broker: Broker, port: int) -> str:
    """Starts a toxiproxy that leads from the port to the broker; its address."""
    own_port = free_port()
    command = [str(paths.GO / "toxiproxy" / "server"), "-host", "127.0.0.1", "-port", str(own_port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.kill)
    upstream = f"127.0.0.1:{next(iter(broker.ports.values()))}"
    proxy = json.dumps({"name": "kafka1", "listen": f"127.0.0.1:{port}", "upstream": upstream, "enabled": True}).encode()
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{own_port}/proxies", proxy, timeout=10).close()
            return f"http://127.0.0.1:{own_port}"
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            time.sleep(0.02)  # it does not listen yet
    raise RuntimeError(f"toxiproxy exited with {process.returncode}")


def main() -> int:
    port = free_port()
    broker = target()(COMPOSED | {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}"}).start()
    environment = {"TOXIPROXY_ADDR": proxied(broker, port), "FIRST_PORT": str(port), "KAFKA_VERSION": "4.3.1"}
    only = sys.argv[1] if len(sys.argv) > 1 else None
    listed = paths.COMPAT / "go" / "sarama-expected.toml"
    status = owntests.judged(broker, paths.GO / "bin" / "sarama.test", COPY, listed, environment, only, limit_s=400)
    if status == 0:
        broker.discard()
    else:
        print(f"log of {broker.name}: {broker.log}")
    return status


if __name__ == "__main__":
    sys.exit(prepare() if sys.argv[1:] == ["--prepare"] else main())
