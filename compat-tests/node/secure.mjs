/** `node secure.mjs CLIENT`: a record there and back for each case on standard input (compat-tests/security/speakers.py says what a case is). */

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { load } from './packages.mjs'

const LIMIT_MS = 40_000

function encryption ({ protocol, ca, certificate, key }) {
  if (!protocol.endsWith('SSL')) return undefined
  const file = path => path && readFileSync(path)
  return { ca: [file(ca)], cert: file(certificate), key: file(key), servername: 'localhost' }
}

/** Rejects after LIMIT_MS; nothing waits for the timer. */
function late () {
  return new Promise((resolve, reject) => setTimeout(reject, LIMIT_MS, new Error('the record did not come back')).unref())
}

/** Sends for as long as the case says, and never again what was refused. */
async function stay ({ stays_s: seconds = 0 }, send) {
  const record = Buffer.alloc(10_000)
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 10))) await send(record)
}

async function byKafkajs () {
  process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1'
  const { default: kafkajs } = await load('kafkajs')
  return async one => {
    const { mechanism, user: username, password, token: value } = one
    const sasl = mechanism && { mechanism: mechanism.toLowerCase(), ...value ? { oauthBearerProvider: async () => ({ value }) } : { username, password } }
    let throttled = 0
    const logCreator = () => ({ log: { message } }) => { throttled = Math.max(throttled, Number(/throttling in effect for (\d+)ms/.exec(message)?.[1] ?? 0)) }
    const common = { brokers: one.bootstrap.split(','), ssl: encryption(one), sasl, logLevel: kafkajs.logLevel.DEBUG, logCreator }
    const kafka = new kafkajs.Kafka({ ...common, retry: { retries: one.stays_s ? 0 : 1, initialRetryTime: 50 }, reauthenticationThreshold: 1000 })
    const producer = kafka.producer()
    const consumer = kafka.consumer({ groupId: `secure-${one.case}-${Date.now()}`, maxWaitTimeInMs: 50, retry: { retries: 10, initialRetryTime: 100 } })
    try {
      await producer.connect()
      const send = async value => await producer.send({ topic: one.topic, messages: [{ value, partition: 0 }] })
      await stay(one, send)
      await send(one.case)
      await consumer.connect()
      await consumer.subscribe({ topic: one.topic, fromBeginning: true })
      const back = new Promise(resolve => {
        consumer.run({ eachMessage: async ({ message }) => { if (message.value.toString() === one.case) resolve() } })
      })
      await Promise.race([back, late()])
      return throttled
    } finally {
      await Promise.allSettled([producer.disconnect(), consumer.disconnect()])
    }
  }
}

async function byPlatformatic () {
  const kafka = await load('@platformatic/kafka')
  return async one => {
    const { mechanism, user: username, password, token } = one
    const sasl = mechanism && { mechanism, ...token ? { token } : { username, password } }
    const common = { clientId: 'secure', bootstrapBrokers: one.bootstrap.split(','), tls: encryption(one), sasl, retries: one.stays_s ? 0 : 1, retryDelay: 50, connectTimeout: 5_000 }
    const producer = new kafka.Producer(common)
    const consumer = new kafka.Consumer({ ...common, groupId: `secure-${one.case}-${Date.now()}`, maxWaitTime: 50 })
    try {
      const send = async value => await producer.send({ messages: [{ topic: one.topic, partition: 0, value }] })
      await stay(one, send)
      await send(Buffer.from(one.case))
      const stream = await consumer.consume({ topics: [one.topic], mode: 'earliest', autocommit: false })
      const back = new Promise((resolve, reject) => {
        stream.on('data', ({ value }) => { if (value.toString() === one.case) resolve() })
        stream.on('error', reject)
      })
      await Promise.race([back, late()])
    } finally {
      await Promise.allSettled([producer.close(true), consumer.close(true)])
    }
  }
}

/** Clients wrap what the broker said: the innermost words, and all names on the way. */
function said (error) {
  const words = []
  for (let one = error; one && words.length < 8; one = one.cause ?? one.errors?.[0]) words.push(`${one.name}: ${one.message}`)
  return words.join(' / ')
}

const thereAndBack = await (process.argv[2] === 'kafkajs' ? byKafkajs() : byPlatformatic())
for await (const line of createInterface({ input: process.stdin })) {
  const one = JSON.parse(line)
  const outcome = await thereAndBack(one).then(throttled => ({ error: null, throttled_ms: throttled }), error => ({ error: said(error) }))
  console.log(JSON.stringify({ case: one.case, ...outcome }))
}
process.exit(0)
