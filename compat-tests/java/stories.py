"""Starts a broker and runs the Java client's stories (src/ottla/Stories.java) against it, in one JVM."""

import subprocess
import sys

import paths
from targets import target


def main() -> int:
    broker = target()().start()
    command = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", paths.CLASSPATH, "ottla.Stories", broker.bootstrap, *sys.argv[1:]]
    status = subprocess.run(command).returncode
    if status == 0:
        broker.discard()
    else:
        print(f"log of {broker.name}: {broker.log}")
    return status


if __name__ == "__main__":
    sys.exit(main())
