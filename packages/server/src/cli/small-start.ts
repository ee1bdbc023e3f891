import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * From now on V8 optimises nothing, until the answer is called, which also gives back what only the start needed. Both
 * for the memory of a server at rest; of what is optimised later, and how V8's heap grows under load, nothing changes.
 *
 * The compilers' threads keep what they once took: 6 to 8 MB for functions that a start calls often and a server never
 * again. And V8 lays out twice 16 MB for the young objects of a start, lets go of them after half a minute of rest, and
 * then not to the system: a full collection, 45 ms before the port opens, saves 9 to 14 MB. Node offers it on the
 * command line only (`--expose-gc`), which a program that npm starts does not have.
 */
export function keepStartSmall(): () => void {
  const compilers = togglable() ? ['opt', 'maglev'] : []
  for (const name of compilers) setFlagsFromString(`--no-${name}`)
  return () => {
    collect()
    for (const name of compilers) setFlagsFromString(`--${name}`)
  }
}

/** Only where V8 has them, and has them on: on these processors, where nobody has chosen otherwise. */
function togglable(): boolean {
  const chosen = process.execArgv.some((arg) => /^--(no-?)?(opt|maglev|turbofan|jitless)/.test(arg))
  // Without WebAssembly, V8 compiles nothing (`--jitless`, which NODE_OPTIONS may say too).
  return !chosen && ['x64', 'arm64'].includes(process.arch) && 'WebAssembly' in globalThis
}

function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options: object) => void
  setFlagsFromString('--no-expose-gc')
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
