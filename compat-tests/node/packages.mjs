/** Loads what run/install.py installed into `.cache/node`: Node looks for packages above the importing file only. */

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const installed = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '.cache', 'node', 'package.json')
const from = createRequire(installed)

/** The module that a package exports. */
export async function load (name) {
  return await import(pathToFileURL(from.resolve(name)))
}

/** The exact version that the lock file of the installation names. */
export function versionOf (name) {
  return from(join(dirname(installed), 'package-lock.json')).packages[`node_modules/${name}`].version
}
