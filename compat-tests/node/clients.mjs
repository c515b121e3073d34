/**
 * The clients by name. Each offers the same few functions, so that a story is written once:
 *
 *   name, version, limits, notes              what the matrix shows (see harness.mjs)
 *   send(topic, records, settings)            resolves to offsets by record (null where acks=0 tells none);
 *                                             settings: codec, acks (0, 1, -1), idempotent
 *   reading(topic, from)                      a reader without a group's help: { records, close() }, standing at `from` once
 *                                             it resolves: 'earliest', 'latest', { offset } or { time }
 *   member(group, topic, settings)            joins; { partitions(), records, generation(), commit(partition, offset), leave() };
 *                                             settings: autocommit, instance, strategy
 *   createTopic, describeTopic, topics, cluster, grow, configs, setConfig, resetConfig, deleteTopic, deleteRecords,
 *   offset(topic, partition, 'earliest' | 'latest' | time), committed(group, topic, partition),
 *   groups, describeGroup, deleteGroup
 *   code(error)                               the name of Kafka's error code in an error of this client
 *
 * A record is { key, value, headers: [[name, value]…], timestamp, partition, offset }: buffers or null, and numbers.
 */

import { connectKafkajs } from './kafkajs.mjs'
import { connectPlatformatic } from './platformatic.mjs'

const clients = { kafkajs: connectKafkajs, '@platformatic/kafka': connectPlatformatic }

export async function connect (which, bootstrap) {
  return await clients[which](bootstrap)
}
