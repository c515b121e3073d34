/** `node member.mjs CLIENT GROUP TOPIC SETTINGS`: one member at the broker BOOTSTRAP that says what it owns and reads, until it is killed. */

import { setTimeout as pause } from 'node:timers/promises'

import { connect } from './clients.mjs'

const [which, group, topic, settings] = process.argv.slice(2)
const client = await connect(which, process.env.BOOTSTRAP)
const member = await client.member(group, topic, JSON.parse(settings))
let said = ''
let told = 0
for (;;) {
  const partitions = member.partitions()
  const values = member.records.slice(told).map(record => record.value.toString())
  if (values.length || said !== `${partitions}`) console.log(JSON.stringify({ partitions, values }))
  told += values.length
  said = `${partitions}`
  await pause(20)
}
