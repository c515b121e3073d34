/** Stories about topics, their configs, records and offsets, through a client's administrator. */

import { check, equal, name, nodes, story, waitFor } from './harness.mjs'

async function refusal (client, call) {
  try {
    await call()
  } catch (error) {
    return client.code(error)
  }
  return 'nothing'
}

const records = (count, base = Date.now()) =>
  Array.from({ length: count }, (_, number) => ({ key: null, value: Buffer.from(`${number}`), timestamp: base + number * 1000, partition: 0 }))

story('admin-create', 'a_topic_is_created_once_with_its_configs', async client => {
  const one = name()
  await client.createTopic(one, 3, { 'retention.ms': '60000' })
  equal((await client.configs(one)).get('retention.ms'), '60000')
  equal((await client.describeTopic(one)).length, 3)
  equal(await refusal(client, () => client.createTopic(one, 3)), 'TOPIC_ALREADY_EXISTS')
})

story('admin-describe', 'topics_and_the_cluster_are_listed_and_described', async client => {
  const one = name()
  await client.createTopic(one, 2)
  check((await client.topics()).includes(one), 'not listed')
  const described = await client.describeTopic(one)
  equal(described.map(({ partition }) => partition), [0, 1])
  for (const { leader, replicas } of described) {
    check(replicas.includes(leader), `led by ${leader}`)
    equal(replicas.toSorted(), nodes)
  }
  const { id, brokers } = await client.cluster()
  check(id?.length === 22, `cluster id ${id}`)
  equal(brokers.toSorted(), process.env.BOOTSTRAP.split(',').toSorted())
})

story('admin-grow', 'a_topic_grows_and_does_not_shrink', async client => {
  const one = name()
  await client.createTopic(one, 1)
  await client.grow(one, 4)
  await waitFor('four partitions', async () => (await client.describeTopic(one)).length === 4)
  equal(await refusal(client, () => client.grow(one, 2)), 'INVALID_PARTITIONS')
})

story('admin-alter-configs', 'configs_are_altered_described_and_reset', async client => {
  const one = name()
  await client.createTopic(one, 1)
  const becomes = async wanted => await waitFor(`retention.ms ${wanted}`, async () => (await client.configs(one)).get('retention.ms') === wanted)
  await becomes('604800000')
  await client.setConfig(one, 'retention.ms', '120000')
  await becomes('120000')
  await client.resetConfig(one, 'retention.ms')
  await becomes('604800000')
  equal(await refusal(client, () => client.setConfig(one, 'retention.ms', 'never')), 'INVALID_CONFIG')
})

story('admin-delete', 'a_topic_is_deleted_once', async client => {
  const one = name()
  await client.createTopic(one, 1)
  await client.deleteTopic(one)
  await waitFor('the topic gone', async () => !(await client.topics()).includes(one))
  equal(await refusal(client, () => client.deleteTopic(one)), 'UNKNOWN_TOPIC_OR_PARTITION')
})

story('admin-delete-records', 'records_before_an_offset_are_deleted', async client => {
  const one = name()
  await client.createTopic(one, 1)
  await client.send(one, records(10))
  await client.deleteRecords(one, 0, 4)
  equal([await client.offset(one, 0, 'earliest'), await client.offset(one, 0, 'latest')], [4, 10])
  const reader = await client.reading(one, 'earliest')
  await waitFor('six records', () => reader.records.length >= 6)
  equal(reader.records.map(record => record.offset), [4, 5, 6, 7, 8, 9])
  await reader.close()
  equal(await refusal(client, () => client.deleteRecords(one, 0, 50)), 'OFFSET_OUT_OF_RANGE')
})

story('admin-offsets-by-time', 'offsets_are_listed_for_the_ends_and_a_time', async client => {
  const one = name()
  await client.createTopic(one, 1)
  const base = Date.now() - 60_000
  await client.send(one, records(10, base))
  equal(await client.offset(one, 0, 'earliest'), 0)
  equal(await client.offset(one, 0, 'latest'), 10)
  equal(await client.offset(one, 0, base + 4500), 5)
  equal(await client.offset(one, 0, base + 6000), 6)
})
