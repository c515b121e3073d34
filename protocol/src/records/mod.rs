//! The records Kafka keeps in its internal topics and beside its logs.
