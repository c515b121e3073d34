/**
 * kafkajs behind the functions that clients.mjs lists.
 *
 * kafkajs brings gzip only and takes the other codecs from outside, as its documentation says ("Compression"): snappy from
 * kafkajs-snappy, lz4 and zstd here from lz4-napi and from Node itself, because kafkajs-lz4 and @kafkajs/zstd wrap native
 * packages that no longer build with a current Node. It reads through groups only: a reader is a group of one.
 */

import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

import { name, nodes, waitFor } from './harness.mjs'
import { load, versionOf } from './packages.mjs'

const LIMITS = {
  'group-cooperative': 'its assignors are eager only, https://github.com/tulios/kafkajs/issues/922 (open)',
  'static-membership': 'has no group.instance.id, https://github.com/tulios/kafkajs/issues/884 (open)',
}

const NOTES = {
  'codec-lz4': 'with lz4-napi in its codec interface; kafkajs has no lz4 of its own',
  'codec-snappy': 'with kafkajs-snappy in its codec interface; kafkajs has no snappy of its own',
  'codec-zstd': "with Node's zlib in its codec interface; kafkajs has no zstd of its own",
}

const RETRY = { initialRetryTime: 50, maxRetryTime: 500, retries: 10 }
const OF_TOPIC = 2 // kafkajs.ConfigResourceTypes.TOPIC

/** The module, with the codecs that it does not bring. */
async function withCodecs () {
  process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1'
  const { default: kafkajs } = await load('kafkajs')
  const { default: snappy } = await load('kafkajs-snappy')
  const { default: lz4 } = await load('lz4-napi')
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.Snappy] = snappy
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async encoder => await lz4.compressFrame(encoder.buffer),
    decompress: async buffer => await lz4.decompressFrame(buffer)
  })
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async encoder => zstdCompressSync(encoder.buffer),
    decompress: async buffer => zstdDecompressSync(buffer)
  })
  return kafkajs
}

/** kafkajs writes headers from an object whose values may be lists, and reads them so. */
const toHeaders = list => Object.fromEntries(Object.entries(Object.groupBy(list, ([name]) => name)).map(([name, pairs]) => [name, pairs.map(([, value]) => value)]))
const fromHeaders = headers => Object.entries(headers).flatMap(([name, values]) => [values].flat().map(value => [name, value]))

const outgoing = ({ key, value, headers = [], timestamp, partition }) =>
  ({ key, value, partition, headers: toHeaders(headers), ...timestamp !== undefined && { timestamp: `${timestamp}` } })

const incoming = (partition, { key, value, headers, timestamp, offset }) =>
  ({ key, value, partition, headers: fromHeaders(headers), timestamp: Number(timestamp), offset: Number(offset) })

class Kafkajs {
  name = 'kafkajs'
  version = versionOf('kafkajs')
  limits = LIMITS
  notes = NOTES
  #producers = new Map()

  constructor (kafkajs, bootstrap) {
    this.kafkajs = kafkajs
    this.kafka = new kafkajs.Kafka({ clientId: 'stories', brokers: bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING, retry: RETRY })
    this.admin = this.kafka.admin()
  }

  async close () {
    await this.admin.disconnect()
    for (const producer of this.#producers.values()) await producer.disconnect()
  }

  /** One producer with idempotence and one without. */
  async #producer (idempotent) {
    if (!this.#producers.has(idempotent)) {
      const producer = this.kafka.producer({ idempotent, ...idempotent && { maxInFlightRequests: 1 } })
      await producer.connect()
      this.#producers.set(idempotent, producer)
    }
    return this.#producers.get(idempotent)
  }

  async send (topic, records, { codec = 'none', acks = -1, idempotent = false } = {}) {
    const types = { none: 'None', gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' }
    const producer = await this.#producer(idempotent)
    const compression = this.kafkajs.CompressionTypes[types[codec]]
    const sent = await producer.send({ topic, acks, compression, messages: records.map(outgoing) })
    return sent?.map(one => Number(one.baseOffset)) ?? null
  }

  async reading (topic, from) {
    const start = typeof from === 'object' ? { earliest: false, ...from } : { earliest: from === 'earliest' }
    const offset = start.time === undefined ? start.offset : await this.offset(topic, 0, start.time)
    const reader = await this.#consuming(name('reader'), topic, { fromBeginning: start.earliest, seek: offset, autocommit: false })
    return { records: reader.records, close: reader.leave }
  }

  async member (group, topic, { autocommit = true } = {}) {
    return await this.#consuming(group, topic, { fromBeginning: true, autocommit })
  }

  /** A running consumer; resolves once it has joined and fetched a first time, so that it stands where it should. */
  async #consuming (groupId, topic, { fromBeginning, seek, autocommit }) {
    const consumer = this.kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 300, maxWaitTimeInMs: 50, retry: RETRY })
    const records = []
    let owned = []
    const { GROUP_JOIN, REBALANCING, FETCH } = consumer.events
    consumer.on(GROUP_JOIN, ({ payload }) => { owned = payload.memberAssignment[topic] ?? [] })
    consumer.on(REBALANCING, () => { owned = [] })
    const fetched = new Promise(resolve => consumer.on(FETCH, resolve))
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning })
    const running = consumer.run({ autoCommit: autocommit, eachMessage: async ({ partition, message }) => { records.push(incoming(partition, message)) } })
    if (seek !== undefined) consumer.seek({ topic, partition: 0, offset: `${seek}` })
    await running
    await fetched
    return {
      records,
      partitions: () => owned,
      commit: async (partition, offset) => await consumer.commitOffsets([{ topic, partition, offset: `${offset}` }]),
      leave: async () => await consumer.disconnect()
    }
  }

  /**
   * kafkajs answers false where the topic exists, and knows no code in that case. Its own waiting for leaders fails where the
   * answer comes before every broker knows the topic, as it may from Kafka.
   */
  async createTopic (topic, numPartitions, configs = {}) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const created = await this.admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions, replicationFactor: nodes.length, configEntries }] })
    if (!created) throw Object.assign(new Error('kafkajs says that the topic exists'), { type: 'TOPIC_ALREADY_EXISTS' })
    await waitFor(`topic ${topic}`, async () => await this.describeTopic(topic).catch(() => null))
  }

  async describeTopic (topic) {
    const { topics: [{ partitions }] } = await this.admin.fetchTopicMetadata({ topics: [topic] })
    return partitions.map(({ partitionId, leader, replicas }) => ({ partition: partitionId, leader, replicas })).sort((one, other) => one.partition - other.partition)
  }

  async topics () {
    return await this.admin.listTopics()
  }

  async cluster () {
    const { clusterId, brokers } = await this.admin.describeCluster()
    return { id: clusterId, brokers: brokers.map(({ host, port }) => `${host}:${port}`) }
  }

  async grow (topic, count) {
    await this.admin.createPartitions({ topicPartitions: [{ topic, count }] })
  }

  async configs (topic) {
    const { resources: [{ configEntries }] } = await this.admin.describeConfigs({ includeSynonyms: false, resources: [{ type: OF_TOPIC, name: topic }] })
    return new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]))
  }

  /** kafkajs has AlterConfigs, which replaces a topic's whole configuration, and no IncrementalAlterConfigs. */
  async setConfig (topic, key, value) {
    await this.admin.alterConfigs({ validateOnly: false, resources: [{ type: OF_TOPIC, name: topic, configEntries: [{ name: key, value }] }] })
  }

  async resetConfig (topic, _key) {
    await this.admin.alterConfigs({ validateOnly: false, resources: [{ type: OF_TOPIC, name: topic, configEntries: [] }] })
  }

  async deleteTopic (topic) {
    await this.admin.deleteTopics({ topics: [topic] })
  }

  async deleteRecords (topic, partition, offset) {
    await this.admin.fetchTopicMetadata({ topics: [topic] }) // it looks for leaders in what it knows already
    await this.admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: `${offset}` }] })
  }

  async offset (topic, partition, at) {
    const found = typeof at === 'number' ? await this.admin.fetchTopicOffsetsByTimestamp(topic, at) : await this.admin.fetchTopicOffsets(topic)
    const one = found.find(each => each.partition === partition)
    return Number(at === 'earliest' ? one.low : one.offset)
  }

  async committed (groupId, topic, partition) {
    const [{ partitions }] = await this.admin.fetchOffsets({ groupId, topics: [topic] })
    return Number(partitions.find(each => each.partition === partition).offset)
  }

  async groups () {
    return (await this.admin.listGroups()).groups.map(({ groupId }) => groupId)
  }

  async describeGroup (group) {
    const { groups: [{ state, protocol, protocolType, members }] } = await this.admin.describeGroups([group])
    const { MemberAssignment } = this.kafkajs.AssignerProtocol
    return { state, protocol, protocolType, members: members.map(one => ({ partitions: MemberAssignment.decode(one.memberAssignment)?.assignment ?? {} })) }
  }

  async deleteGroup (group) {
    await this.admin.deleteGroups([group])
  }

  code (error) {
    const within = [error.cause, ...error.errors ?? [], ...error.partitions?.map(one => one.error) ?? []].filter(Boolean)
    return error.type ?? within.map(one => this.code(one))[0] ?? `${error}`
  }
}

export async function connectKafkajs (bootstrap) {
  const client = new Kafkajs(await withCodecs(), bootstrap)
  await client.admin.connect()
  return client
}
