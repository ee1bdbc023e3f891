// A Pombo reduced to its embedded server, for tests that start one as another user or kill it. Prints a JSON line for
// each thing that happens; a line `stop` on its input stops it. It has no signal handlers, but for `--ignore-sigint`,
// which stands for a Pombo that drains after Ctrl-C.
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '' },
    'ignore-sigint': { type: 'boolean', default: false },
  },
})
const say = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`)
if (values['ignore-sigint']) process.on('SIGINT', () => say({ event: 'interrupted' }))

try {
  const startedAt = performance.now()
  const server = await startEmbedded({
    dataDir: values.data,
    log: (message) => say({ event: 'log', message }),
  })
  const { url, pid, version } = server
  say({ event: 'ready', url, pid, version, tookMs: performance.now() - startedAt })
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== 'stop') continue
    await server.stop()
    say({ event: 'stopped' })
    break
  }
  process.exit(0)
} catch (error) {
  if (!(error instanceof Error)) throw error
  say({ event: 'failed', message: error.message, code: 'code' in error ? error.code : undefined })
  process.exit(1)
}
