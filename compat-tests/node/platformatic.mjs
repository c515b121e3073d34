/**
 * @platformatic/kafka behind the functions that clients.mjs lists. It reads through groups only: a reader is a group of one.
 */

import { once } from 'node:events'

import { name, nodes } from './harness.mjs'
import { load, versionOf } from './packages.mjs'

const PACKAGE = '@platformatic/kafka'
const RETRY = { retries: 100, retryDelay: 50 }
const EARLIEST = -2n
const LATEST = -1n

const offsetsOf = { earliest: EARLIEST, latest: LATEST }

const incoming = ({ key, value, headers, timestamp, offset, partition }) => ({
  key: key ?? null,
  value: value ?? null,
  headers: [...headers].map(([name, value]) => [name.toString(), value]),
  timestamp: Number(timestamp),
  offset: Number(offset),
  partition
})

class Platformatic {
  name = PACKAGE
  version = versionOf(PACKAGE)
  limits = {}
  notes = {}
  #producers = new Map()

  constructor (kafka, bootstrap) {
    this.kafka = kafka
    this.common = { clientId: 'stories', bootstrapBrokers: bootstrap.split(','), ...RETRY }
    this.admin = new kafka.Admin(this.common)
  }

  async close () {
    await this.admin.close()
    for (const producer of this.#producers.values()) await producer.close()
  }

  /** One producer with idempotence and one without. */
  #producer (idempotent) {
    if (!this.#producers.has(idempotent)) {
      this.#producers.set(idempotent, new this.kafka.Producer({ ...this.common, idempotent, autocreateTopics: true }))
    }
    return this.#producers.get(idempotent)
  }

  async send (topic, records, { codec = 'none', acks = -1, idempotent = false } = {}) {
    const messages = records.map(({ key, value, headers = [], timestamp, partition }) => ({
      topic,
      key,
      value,
      partition,
      headers: new Map(headers.map(([name, value]) => [Buffer.from(name), value])), // buffers are distinct keys: names may repeat
      ...timestamp !== undefined && { timestamp: BigInt(timestamp) }
    }))
    const { offsets } = await this.#producer(idempotent).send({ messages, acks, compression: codec })
    return offsets?.map(({ offset }) => Number(offset)) ?? null
  }

  async reading (topic, from) {
    const start = typeof from === 'object' ? from : {}
    const offset = start.time === undefined ? start.offset : await this.#offsetOrEnd(topic, 0, start.time)
    const where = offset === undefined ? { mode: from } : { mode: 'manual', offsets: [{ topic, partition: 0, offset: BigInt(offset) }] }
    const reader = await this.#consuming(name('reader'), topic, { where, autocommit: false })
    return { records: reader.records, close: reader.leave }
  }

  async member (group, topic, { autocommit = true, instance, strategy = 'roundrobin' } = {}) {
    const settings = { protocols: [{ name: strategy, version: 1 }], ...instance && { groupInstanceId: instance } }
    return await this.#consuming(group, topic, { where: { mode: 'committed', fallbackMode: 'earliest' }, autocommit, settings })
  }

  /** A running consumer; resolves once it has joined and knows from where it reads. */
  async #consuming (groupId, topic, { where, autocommit, settings = {} }) {
    const fixed = { sessionTimeout: 6000, rebalanceTimeout: 10_000, heartbeatInterval: 300, maxWaitTime: 50, metadataMaxAge: 500 }
    const consumer = new this.kafka.Consumer({ ...this.common, ...fixed, ...settings, groupId })
    const stream = await consumer.consume({ topics: [topic], autocommit, ...where })
    const records = []
    const positioned = once(stream, 'offsets')
    stream.on('data', message => records.push(incoming(message)))
    stream.on('error', error => console.log(`       a reader of ${topic} ended: ${error}`))
    await positioned
    return {
      records,
      partitions: () => consumer.assignments?.find(one => one.topic === topic)?.partitions ?? [],
      generation: () => consumer.generationId,
      commit: async (partition, offset) => await consumer.commit({ offsets: [{ topic, partition, offset: BigInt(offset), leaderEpoch: -1 }] }),
      leave: async () => await consumer.close(true)
    }
  }

  async createTopic (topic, partitions, configs = {}) {
    await this.admin.createTopics({ topics: [topic], partitions, replicas: nodes.length, configs: Object.entries(configs).map(([name, value]) => ({ name, value })) })
  }

  async describeTopic (topic) {
    const { topics } = await this.admin.metadata({ topics: [topic], forceUpdate: true })
    return topics.get(topic).partitions.map(({ leader, replicas }, partition) => ({ partition, leader, replicas }))
  }

  async topics () {
    return await this.admin.listTopics()
  }

  async cluster () {
    const { id, brokers } = await this.admin.metadata({ topics: [], forceUpdate: true })
    return { id, brokers: [...brokers.values()].map(({ host, port }) => `${host}:${port}`) }
  }

  async grow (topic, count) {
    await this.admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] })
  }

  async configs (topic) {
    const [{ configs }] = await this.admin.describeConfigs({ resources: [{ resourceType: this.kafka.ConfigResourceTypes.TOPIC, resourceName: topic }] })
    return new Map(configs.map(({ name, value }) => [name, value]))
  }

  async #alter (topic, change) {
    await this.admin.incrementalAlterConfigs({ resources: [{ resourceType: this.kafka.ConfigResourceTypes.TOPIC, resourceName: topic, configs: [change] }] })
  }

  async setConfig (topic, key, value) {
    await this.#alter(topic, { name: key, configOperation: this.kafka.IncrementalAlterConfigOperationTypes.SET, value })
  }

  async resetConfig (topic, key) {
    await this.#alter(topic, { name: key, configOperation: this.kafka.IncrementalAlterConfigOperationTypes.DELETE })
  }

  async deleteTopic (topic) {
    await this.admin.deleteTopics({ topics: [topic] })
  }

  async deleteRecords (topic, partition, offset) {
    await this.admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }] })
  }

  async offset (topic, partition, at) {
    const timestamp = offsetsOf[at] ?? BigInt(at)
    const [{ partitions: [{ offset }] }] = await this.admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }] })
    return Number(offset)
  }

  /** Where to read from a time on: the end where no record is that young. */
  async #offsetOrEnd (topic, partition, time) {
    const found = await this.offset(topic, partition, time)
    return found >= 0 ? found : await this.offset(topic, partition, 'latest')
  }

  async committed (groupId, topic, partition) {
    const [{ topics }] = await this.admin.listConsumerGroupOffsets({ groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [partition] }] }] })
    return Number(topics[0].partitions[0].committedOffset)
  }

  async groups () {
    return [...(await this.admin.listGroups({ types: ['classic'] })).keys()]
  }

  async describeGroup (group) {
    const { state, protocol, protocolType, members } = (await this.admin.describeGroups({ groups: [group] })).get(group)
    const described = [...members.values()].map(({ assignments }) => ({
      partitions: Object.fromEntries([...assignments.values()].map(({ topic, partitions }) => [topic, partitions]))
    }))
    return { state, protocol, protocolType, members: described }
  }

  async deleteGroup (group) {
    await this.admin.deleteGroups({ groups: [group] })
  }

  code (error) {
    return error.apiId ?? error.errors?.map(one => this.code(one))[0] ?? error.cause?.apiId ?? `${error}`
  }
}

export async function connectPlatformatic (bootstrap) {
  return new Platformatic(await load(PACKAGE), bootstrap)
}
