import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { H1Client } from '../../src/deliver/send/h1-client.ts'
import { openLog } from '../../src/observe/log.ts'
import { serve } from './child.ts'

interface PomboArgs {
  databaseUrl: string
  dataDir: string
  apiKey: string
  env?: Record<string, string>
  /** Said in a header of every request that leaves, so that a receiver can tell nodes apart. */
  node?: string
}

// A Pombo as `pombo serve` runs it, with everything on: keys, signatures, circuits, attempts, metrics, and a
// log line for every
// attempt on standard output.
const { databaseUrl, dataDir, apiKey, env, node } = JSON.parse(process.argv[2]!) as PomboArgs
const loaded = loadConfig({
  env: {},
  overrides: {
    DATABASE_URL: databaseUrl,
    POMBO_DATA_DIR: dataDir,
    POMBO_API_KEY: apiKey,
    POMBO_LISTEN: '127.0.0.1:0',
    POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
    ...env,
  },
})
if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
if (node !== undefined) {
  const dispatch = Reflect.get(H1Client.prototype, 'dispatch')
  H1Client.prototype.dispatch = function (request, handler) {
    const headers = [...request.headers, 'x-chaos-node', node]
    Reflect.apply(dispatch, this, [{ ...request, headers }, handler])
  }
}
const app = await startApp(loaded.config, {
  log: (parts) => openLog({ level: 'info', format: 'json', ...parts }),
})

const delays = monitorEventLoopDelay()
delays.enable()

process.on(
  'SIGTERM',
  () => void app.stop().then((left) => process.exit(left.unfinished + left.unrecorded > 0 ? 3 : 0)),
)
serve({
  url: () => app.url,
  gc: () => globalThis.gc?.(),
  /** The event loop's longest delay since this was asked last. */
  longestStallMs: () => {
    const ms = delays.max / 1e6
    delays.reset()
    return ms
  },
  /** Deliveries sent or about to be, and outcomes that are not written yet. */
  inHand: () => app.engine.leased.size + app.engine.recorder.backlog,
})
