/** `node stories.mjs CLIENT [part of a name]…`: tells every story with one client against the broker at BOOTSTRAP. */

import './records.mjs'
import './groups.mjs'
import './admin.mjs'
import { connect } from './clients.mjs'
import { tellAll } from './harness.mjs'

const [which, ...parts] = process.argv.slice(2)
const client = await connect(which, process.env.BOOTSTRAP)
const failed = await tellAll(client, parts)
await client.close()
process.exit(failed ? 1 : 0)
