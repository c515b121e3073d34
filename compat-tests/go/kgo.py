"""franz-go's own tests of its client, unchanged, against a fresh broker; judged by kgo-expected.toml (see owntests.py).

The package's unit tests run along: which of its tests need a broker is theirs to say. Counted are whole tests, subtests only
when they fail. Run a part: `kgo.py TestGroupETL` (a regular expression of Go's).
"""

import subprocess
import sys

import owntests
import paths
from targets import JVM, Broker, target

# What each chain of consumers in TestGroupETL and TestTxnEtl carries; the tests' own default is 500,000.
RECORDS = 50_000
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
USER, PASSWORD = "kgo", "kgo-secret"
# A listener beside the one for most tests.
LOGGING_IN = {
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "SCRAM-SHA-256",
    "listener.name.sasl.scram-sha-256.sasl.jaas.config": f'{SCRAM} user_{USER}="{PASSWORD}";',
}


def started() -> Broker:
    broker = target()(LOGGING_IN, listeners=("PLAINTEXT", "SASL")).start()
    if broker.name == "kafka":  # it knows no first users
        change = ["--alter", "--entity-type", "users", "--entity-name", USER, "--add-config", f"SCRAM-SHA-256=[password={PASSWORD}]"]
        subprocess.run([*JVM, "kafka.admin.ConfigCommand", "--bootstrap-server", broker.bootstrap, *change], check=True)
    return broker


def main() -> int:
    broker = started()
    environment = {"KGO_SEEDS": f"127.0.0.1:{broker.ports['PLAINTEXT']}", "KGO_TEST_RF": "1", "KGO_TEST_RECORDS": str(RECORDS), "KGO_LOG_LEVEL": "none"}
    environment |= {"KGO_TEST_SCRAM_SEEDS": f"127.0.0.1:{broker.ports['SASL']}", "KGO_TEST_SCRAM": f"{USER}:{PASSWORD}:256"}
    only = sys.argv[1] if len(sys.argv) > 1 else None
    folder, listed = owntests.folder_of("github.com/twmb/franz-go/pkg/kgo"), paths.COMPAT / "go" / "kgo-expected.toml"
    status = owntests.judged(broker, paths.GO / "bin" / "kgo.test", folder, listed, environment, only, limit_s=400)
    if status == 0:
        broker.discard()
    else:
        print(f"log of {broker.name}: {broker.log}")
    return status


if __name__ == "__main__":
    sys.exit(main())
