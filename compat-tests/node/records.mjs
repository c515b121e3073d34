/** Stories about writing and reading records. */

import { randomBytes } from 'node:crypto'

import { check, equal, name, story, waitFor } from './harness.mjs'

const bytes = text => Buffer.from(text)

/** A new topic of one partition. */
async function topic (client, partitions = 1, configs = {}) {
  const one = name()
  await client.createTopic(one, partitions, configs)
  return one
}

/** Reads from a place until `count` records are there, and closes. */
async function read (client, topic, count, from = 'earliest') {
  const reader = await client.reading(topic, from)
  try {
    await waitFor(`${count} records of ${topic}`, () => reader.records.length >= count)
    return [...reader.records].sort((one, other) => one.partition - other.partition || one.offset - other.offset)
  } finally {
    await reader.close()
  }
}

/** What a call that must fail failed with. */
async function refusal (client, call) {
  try {
    await call()
  } catch (error) {
    return client.code(error)
  }
  return 'nothing'
}

for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  for (const [acks, idempotent] of [[0, false], [1, false], [-1, false], [-1, true]]) {
    const title = `records_come_back_as_written[${codec},acks=${acks < 0 ? 'all' : acks}${idempotent ? ',idempotent' : ''}]`
    story(`codec-${codec}`, title, async client => {
      const one = await topic(client)
      const values = Array.from({ length: 500 }, (_, number) => `${number} ${'payload '.repeat(20)}`)
      const records = values.map((value, number) => ({ key: bytes(`key ${number}`), value: bytes(value), partition: 0 }))
      for (const [start, end] of [[0, 300], [300, 500]]) {
        const offsets = await client.send(one, records.slice(start, end), { codec, acks, idempotent })
        if (acks !== 0) equal(offsets, [start])
      }
      const found = await read(client, one, 500)
      equal(found.map(record => record.offset), values.map((_, number) => number))
      equal(found.map(record => record.key.toString()), values.map((_, number) => `key ${number}`))
      equal(found.map(record => record.value.toString()), values)
    })
  }
}

story('codec-none', 'incompressible_records_come_back_through_every_codec', async client => {
  const one = await topic(client)
  const values = Array.from({ length: 5 }, () => randomBytes(20_000))
  for (const [number, codec] of ['none', 'gzip', 'snappy', 'lz4', 'zstd'].entries()) {
    if (!client.limits[`codec-${codec}`]) await client.send(one, [{ key: null, value: values[number], partition: 0 }], { codec })
  }
  const written = values.filter((_, number) => !client.limits[`codec-${['none', 'gzip', 'snappy', 'lz4', 'zstd'][number]}`])
  equal((await read(client, one, written.length)).map(record => record.value), written)
})

story('keyed-ordering', 'records_of_a_key_stay_in_one_partition_and_in_order', async client => {
  const one = await topic(client, 6)
  for (let round = 0; round < 5; round++) {
    const numbers = Array.from({ length: 200 }, (_, number) => round * 200 + number)
    await client.send(one, numbers.map(number => ({ key: bytes(`key ${number % 40}`), value: bytes(`${number}`) })), { idempotent: true })
  }
  const partitions = new Map()
  const last = new Map()
  for (const record of await read(client, one, 1000)) {
    const key = record.key.toString()
    check((partitions.get(key) ?? record.partition) === record.partition, `${key} is in two partitions`)
    check(Number(record.value) > (last.get(key) ?? -1), `${key}: ${record.value} after ${last.get(key)}`)
    partitions.set(key, record.partition)
    last.set(key, Number(record.value))
  }
  check(new Set(partitions.values()).size > 1, 'all keys are in one partition')
})

story('headers', 'headers_come_back_in_order_with_repeated_empty_and_binary_values', async client => {
  const one = await topic(client)
  const headers = [['twice', bytes('1')], ['twice', bytes('2')], ['empty', Buffer.alloc(0)], ['binary', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))]]
  await client.send(one, [{ key: bytes('k'), value: bytes('v'), headers }, { key: bytes('k'), value: bytes('none') }])
  const found = await read(client, one, 2)
  equal(found[0].headers, headers)
  equal(found[1].headers, [])
})

story('null-and-empty', 'nulls_come_back_null_and_empties_empty', async client => {
  const one = await topic(client)
  const empty = Buffer.alloc(0)
  const pairs = [[null, empty], [empty, null], [null, null], [empty, empty], [bytes('ключ'), bytes('значение')]]
  await client.send(one, pairs.map(([key, value]) => ({ key, value, partition: 0 })))
  equal((await read(client, one, pairs.length)).map(({ key, value }) => [key, value]), pairs)
})

story('one-mebibyte', 'almost_a_mebibyte_comes_back_whole', async client => {
  const one = await topic(client)
  const value = randomBytes(1_048_000)
  await client.send(one, [{ key: null, value }])
  const [found] = await read(client, one, 1)
  check(found.value.equals(value), 'other bytes came back')
})

story('too-large', 'more_than_the_limit_is_refused_and_the_producer_goes_on', async client => {
  const one = await topic(client)
  equal(await refusal(client, () => client.send(one, [{ key: null, value: randomBytes(2_000_000) }])), 'MESSAGE_TOO_LARGE')
  await client.send(one, [{ key: null, value: bytes('small') }])
  equal((await read(client, one, 1)).map(record => `${record.offset} ${record.value}`), ['0 small'])
})

story('auto-create', 'producing_to_an_unknown_topic_creates_it', async client => {
  const one = name('auto')
  equal(await client.send(one, [{ key: null, value: bytes('first') }]), [0])
  equal((await client.describeTopic(one)).length, 1)
  equal((await read(client, one, 1)).map(record => record.value.toString()), ['first'])
})

/** A topic with ten records whose timestamps are a second apart, beginning at `base`. */
async function ten (client, base) {
  const one = await topic(client)
  await client.send(one, Array.from({ length: 10 }, (_, number) => ({ key: null, value: bytes(`${number}`), timestamp: base + number * 1000, partition: 0 })))
  return one
}

const texts = records => records.map(record => record.value.toString())

story('from-earliest', 'reading_from_the_earliest_offset_yields_everything', async client => {
  const base = Date.now() - 60_000
  const found = await read(client, await ten(client, base), 10)
  equal(texts(found), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  equal(found.map(record => record.timestamp), found.map((_, number) => base + number * 1000))
})

/** What a reader that stands beyond all records yields after one more was written. */
async function afterOneMore (client, one, from) {
  const reader = await client.reading(one, from)
  try {
    await client.send(one, [{ key: null, value: bytes('new'), partition: 0 }])
    await waitFor('the new record', () => reader.records.length > 0)
    return texts(reader.records)
  } finally {
    await reader.close()
  }
}

story('from-latest', 'reading_from_the_latest_offset_yields_what_is_written_afterwards', async client => {
  equal(await afterOneMore(client, await ten(client, Date.now() - 60_000), 'latest'), ['new'])
})

story('from-offset', 'reading_from_an_offset_yields_that_record_first', async client => {
  equal(texts(await read(client, await ten(client, Date.now() - 60_000), 3, { offset: 7 })), ['7', '8', '9'])
})

story('from-timestamp', 'reading_from_a_time_yields_the_first_record_at_or_after_it', async client => {
  const base = Date.now() - 60_000
  const one = await ten(client, base)
  equal(texts(await read(client, one, 5, { time: base + 4500 })), ['5', '6', '7', '8', '9'])
  equal(texts(await read(client, one, 4, { time: base + 6000 })), ['6', '7', '8', '9'])
  equal(await afterOneMore(client, one, { time: base + 9001 }), ['new'])
})
