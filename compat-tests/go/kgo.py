"""franz-go's own tests of its client, unchanged, against a fresh broker; judged by kgo-expected.toml (see owntests.py).

The package's unit tests run along: which of its tests need a broker is theirs to say. Counted are whole tests, subtests only
when they fail. Run a part: `kgo.py TestGroupETL` (a regular expression of Go's).
"""

import sys

import owntests
import paths
from targets import target

# What each chain of consumers in TestGroupETL and TestTxnEtl carries; the tests' own default is 500,000.
RECORDS = 50_000


def main() -> int:
    broker = target()().start()
    port = next(iter(broker.ports.values()))
    environment = {"KGO_SEEDS": f"127.0.0.1:{port}", "KGO_TEST_RF": "1", "KGO_TEST_RECORDS": str(RECORDS), "KGO_LOG_LEVEL": "none"}
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
