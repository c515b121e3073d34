/**
 * The test harness of run/story.py, for Node: stories that prove cells of the matrix, printed as the runner reads them
 * (see "How to report cells" in ../README.md and run/program.py, which starts and restarts the broker).
 *
 * A client's file says which cells it cannot fill (`limits`) and which it fills with a remark (`notes`); the stories of
 * limited cells are not told.
 */

import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

const stories = []

/** Registers a story that proves `key`; `tell` gets the client and fails by throwing. */
export function story (key, name, tell) {
  stories.push({ key, name, tell })
}

export function check (fact, otherwise) {
  if (!fact) throw new Error(otherwise)
}

/** Compares by value; buffers, bigints and nested lists as they print. */
export function equal (found, wanted) {
  const shown = value => JSON.stringify(value, (_, part) => typeof part === 'bigint' ? `${part}n` : part)
  check(shown(found) === shown(wanted), `found ${shown(found)}, wanted ${shown(wanted)}`)
}

/** Polls until the condition holds and returns its value; no sleeping to let things settle. */
export async function waitFor (what, condition, limitMs = 20_000) {
  const deadline = Date.now() + limitMs
  for (;;) {
    const value = await condition()
    if (value) return value
    check(Date.now() < deadline, `not within ${limitMs} ms: ${what}`)
    await pause(20)
  }
}

let serial = 0

/** A name nobody used before on this broker. */
export function name (prefix = 't') {
  serial += 1
  return `${prefix}-${process.pid}-${serial}`
}

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** The brokers' ids; topics have a replica on each. */
export const nodes = Array.from({ length: Number(process.env.NODES ?? 1) }, (_, index) => index + 1)

/** Has the broker killed with SIGKILL and started again on its data and port. */
export async function killAndStartTheBroker () {
  console.log('broker kill')
  const { value } = await answers.next()
  check(value === 'ready', `the runner answered ${value}`)
}

async function verdict (client, { name, tell }) {
  const started = Date.now()
  const seconds = () => ((Date.now() - started) / 1000).toFixed(2)
  try {
    await tell(client)
    console.log(`  ok   ${name} (${seconds()} s)`)
    return true
  } catch (problem) {
    console.log(`  FAIL ${name} (${seconds()} s)`)
    console.log(`       ${problem?.stack ?? problem}`.replaceAll('\n', '\n       '))
    return false
  }
}

/** Tells every story whose name holds one of `parts`, prints cells if all were told, and returns how many failed. */
export async function tellAll (client, parts) {
  const chosen = stories.filter(({ key, name }) => !client.limits[key] && (!parts.length || parts.some(part => name.includes(part))))
  const proofs = new Map()
  let passed = 0
  for (const one of chosen) {
    const ok = await verdict(client, one)
    passed += ok ? 1 : 0
    proofs.set(one.key, [...proofs.get(one.key) ?? [], ...ok ? [] : [one.name]])
  }
  if (!parts.length) printCells(client, proofs)
  console.log(`stories: ${passed} passed, ${chosen.length - passed} failed`)
  return chosen.length - passed
}

function printCells (client, proofs) {
  console.log(`client ${client.name} ${client.version}`)
  for (const [key, failed] of proofs) {
    console.log(`cell ${client.name} ${key} ${failed.length ? `FAILED ${failed.join(', ')}` : `passed ${client.notes[key] ?? ''}`.trimEnd()}`)
  }
  for (const [key, reason] of Object.entries(client.limits)) console.log(`cell ${client.name} ${key} limited ${reason}`)
}
