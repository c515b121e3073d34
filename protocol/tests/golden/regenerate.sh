#!/usr/bin/env bash
# Writes messages.tsv anew from Kafka's own classes. Needs Maven and Java 17; run it when the versions in pom.xml change.
set -euo pipefail
cd "$(dirname "$0")"
class='[A-Za-z0-9]+\.class'
sample() { # clients' version, pattern of class files
  mvn -q -B -Dclients="$1" dependency:build-classpath -Dmdep.outputFile="$target/classpath" >&2
  java -cp "$(cat "$target/classpath")" Golden.java "$2"
}
target=$(mktemp -d)
sample 4.4.0 "org/apache/kafka/common/message/$class" > messages.tsv
sample 4.3.1 "org/apache/kafka/(common/metadata|.*/generated)/$class" > records.tsv
wc messages.tsv records.tsv
