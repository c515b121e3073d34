//! What `--help` says after the options.

/// Examples, the environment and where values come from.
pub const AFTER: &str = "\
Examples:
  ottla
      A broker on localhost:9092 with its data in ./ottla-data, ready in no time.
  ottla serve server.properties
      The configuration of an Apache Kafka broker, as it is.
  ottla serve --override log.dirs=/data --override listeners=PLAINTEXT://:9092 \\
              --override advertised.listeners=PLAINTEXT://broker.example.org:9092
      A broker for other machines.
  ottla --override listeners=PLAINTEXT://localhost:0 --override admin.listeners=none
      Any free port, and no HTTP listener for health and metrics.

Environment:
  KAFKA_…     Sets a key as in the apache/kafka image: KAFKA_LOG_RETENTION_MS sets log.retention.ms;
              two underscores stand for _, three for -. Variables for the JVM (KAFKA_OPTS, KAFKA_HEAP_OPTS, …) are ignored.
  CLUSTER_ID  The id of a new cluster.
  OTTLA_LOG   What is logged (or RUST_LOG): info, debug, or per logger, as in info,ottla::net=debug. While the broker runs:
              kafka-configs.sh --entity-type broker-loggers.

Where a value comes from:  flag > environment > file > default
  A value that is not allowed keeps the broker from starting; a key without effect, or one that nobody knows, is warned
  about. All keys with their defaults and effects: docs/configuration.md";
