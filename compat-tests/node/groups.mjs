/** Stories about consumer groups: sharing partitions, leaving, crashing, static members, commits that outlive the broker. */

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { check, equal, killAndStartTheBroker, name, story, waitFor } from './harness.mjs'

const PARTITIONS = 6

/** A member in a process of its own (member.mjs), so that it can crash. */
function distantMember (client, group, topic, settings = {}) {
  const program = fileURLToPath(new URL('member.mjs', import.meta.url))
  const process_ = spawn(process.execPath, [...process.execArgv, program, client.name, group, topic, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise(resolve => process_.once('exit', resolve))
  const member = { owned: [], records: [], partitions: () => member.owned }
  createInterface({ input: process_.stdout }).on('line', line => {
    const { partitions, values } = JSON.parse(line)
    member.owned = partitions
    member.records.push(...values.map(value => ({ value })))
  })
  member.crash = async () => {
    process_.kill('SIGKILL')
    await exited
  }
  return member
}

/** Waits until the members own every partition, none twice, each of them some; returns who owns what. */
async function settled (members, count = PARTITIONS, limitMs = 30_000) {
  const owned = () => members.map(member => [...member.partitions()].sort((one, other) => one - other))
  const all = JSON.stringify(Array.from({ length: count }, (_, partition) => partition))
  try {
    await waitFor('shared partitions', () => {
      const now = owned()
      return now.every(some => some.length > 0) && JSON.stringify(now.flat().sort((one, other) => one - other)) === all
    }, limitMs)
  } catch {
    throw new Error(`not settled within ${limitMs} ms: ${JSON.stringify(owned())}`)
  }
  return owned()
}

const sizes = owned => owned.map(some => some.length).sort()

/** The life of a group of three, the third of them in a process of its own. */
async function sharedByThree (client, settings) {
  const [topic, group] = [name(), name('g')]
  await client.createTopic(topic, PARTITIONS)
  const everybody = []
  const join = one => everybody.push(one) && one
  let written = 0

  /** Writes to every partition and waits until some member has read everything that was ever written. */
  const nothingIsLost = async () => {
    const fresh = Array.from({ length: 30 }, (_, number) => written + number)
    written += fresh.length
    await client.send(topic, fresh.map(number => ({ key: null, value: Buffer.from(`${number}`), partition: number % PARTITIONS })))
    const read = () => new Set(everybody.flatMap(member => member.records.map(record => `${record.value}`)))
    await waitFor(`all of ${written} records, ${read().size} were read`, () => read().size === written)
  }

  const first = join(await client.member(group, topic, settings))
  equal(sizes(await settled([first])), [6])
  if (settings.strategy) equal((await client.describeGroup(group)).protocol, settings.strategy)
  await nothingIsLost()
  const second = join(await client.member(group, topic, settings))
  equal(sizes(await settled([first, second])), [3, 3])
  await nothingIsLost()
  const third = join(distantMember(client, group, topic, settings))
  try {
    equal(sizes(await settled([first, second, third])), [2, 2, 2])
    await nothingIsLost()
    await second.leave()
    equal(sizes(await settled([first, third])), [3, 3])
    await nothingIsLost()
  } finally {
    await third.crash()
  }
  equal(sizes(await settled([first])), [6])
  await nothingIsLost()
  await first.leave()
}

story('group-eager', 'three_members_share_six_partitions_eagerly', async client => await sharedByThree(client, {}))

story('group-cooperative', 'three_members_share_six_partitions_cooperatively', async client => await sharedByThree(client, { strategy: 'cooperative-sticky' }))

story('static-membership', 'a_static_member_that_returns_keeps_its_partitions_without_a_rebalance', async client => {
  const [topic, group] = [name(), name('g')]
  await client.createTopic(topic, 2)
  const stays = await client.member(group, topic, { instance: 'stays' })
  await settled([stays], 2)
  const crashes = distantMember(client, group, topic, { instance: 'returns' })
  let owned
  try {
    owned = await settled([stays, crashes], 2)
  } finally {
    await crashes.crash()
  }
  const generation = stays.generation()
  const began = Date.now()
  const returned = await client.member(group, topic, { instance: 'returns' })
  equal(await settled([stays, returned], 2), owned)
  check(Date.now() - began < 5000, 'it took as long as a session')
  equal([stays.generation(), returned.generation()], [generation, generation])
  await Promise.all([stays.leave(), returned.leave()])
})

story('commit-restart-resume', 'a_group_resumes_after_a_kill_of_the_broker_where_it_committed', async client => {
  const [topic, group] = [name(), name('g')]
  await client.createTopic(topic, 1)
  await client.send(topic, Array.from({ length: 10 }, (_, number) => ({ key: null, value: Buffer.from(`${number}`), partition: 0 })))
  const one = await client.member(group, topic, { autocommit: false })
  await waitFor('the records', () => one.records.length === 10)
  await one.commit(0, 4)
  equal(await client.committed(group, topic, 0), 4)
  await killAndStartTheBroker()
  await waitFor('a commit of the same member', async () => {
    try { // nobody may be back yet, and a member may not say so: what is stored counts
      await one.commit(0, 6)
      return await client.committed(group, topic, 0) === 6
    } catch {
      return false
    }
  }, 30_000)
  await one.leave()
  const other = await client.member(group, topic, { autocommit: false })
  await waitFor('the rest', () => other.records.length === 4)
  equal(other.records.map(record => `${record.value}`), ['6', '7', '8', '9'])
  await other.leave()
})

story('admin-list-groups', 'a_group_is_listed_and_gone_once_it_is_deleted', async client => {
  const [topic, group] = [name(), name('g')]
  await client.createTopic(topic, 1)
  const one = await client.member(group, topic)
  await settled([one], 1)
  check((await client.groups()).includes(group), 'not listed')
  await one.leave()
  await client.deleteGroup(group)
  check(!(await client.groups()).includes(group), 'still listed')
})

story('admin-describe-groups', 'a_group_is_described_with_its_member_and_assignment', async client => {
  const [topic, group] = [name(), name('g')]
  await client.createTopic(topic, 2)
  const one = await client.member(group, topic)
  await settled([one], 2)
  const stable = await waitFor('a stable group', async () => {
    const described = await client.describeGroup(group)
    return described.state.toUpperCase() === 'STABLE' && described
  })
  check(stable.protocolType === 'consumer' && stable.protocol, `protocol ${stable.protocolType} ${stable.protocol}`)
  equal(stable.members.map(member => member.partitions[topic]), [[0, 1]])
  await one.leave()
  equal((await client.describeGroup(group)).members, [])
})
