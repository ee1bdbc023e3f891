import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import { dialectNames } from '../../core/endpoint.ts'
import { integer, listenAddress, oneOf, text } from '../../core/setting-kinds.ts'
import { command, flag, option } from '../command.ts'
import { configOption, withConfig } from '../config-loading.ts'
import { table } from '../output.ts'
import { untilSignal } from '../signals.ts'
import { startReceivers } from './receivers.ts'
import { runDemo } from './run.ts'
import { openScreen } from './screen.ts'
import { scripts } from './scripts.ts'
import { openTraffic } from './traffic.ts'

export const demoCommand = command({
  name: 'demo',
  summary: 'Start everything, send events, watch them being delivered',
  about: `Starts Pombo on an embedded database in a temporary folder (or --data-dir), with receivers on this
machine: one that is good, one that fails, hangs and resets now and then, and one that is down for the first
seconds, as far as the dialect has use for them. It registers them, sends a stream of events, and shows how they
arrive. With the dialect standard the server stays up afterwards, with its address and key, until Ctrl-C (unless
--exit); the others end with a summary. A dialect's events come in by the requests of its own document and leave
in its form; retries come sooner than its own schedule has them.

Dialects:
${table(Object.entries(scripts).map(([name, { about }]) => [name, about]))}`,
  options: {
    dialect: option(
      oneOf(...dialectNames),
      'name',
      `The system to show: ${dialectNames.join(', ')}`,
      'standard',
    ),
    count: option(integer(1, 1_000_000), 'number', 'Events to send (default 200 or 60)'),
    rate: option(integer(1, 5_000, 'a second'), 'number', 'Events a second (default 40 or 20)'),
    listen: option(
      listenAddress(),
      'host:port',
      'Address of the server; a free port if it is taken',
      { host: '127.0.0.1', port: 8071 },
    ),
    'data-dir': option(
      text('a path', './demo-data'),
      'path',
      'Keep the database here instead of in a temporary folder',
    ),
    seed: option(
      integer(0, 4_294_967_295),
      'number',
      'Makes the same events and the same failures again',
      1,
    ),
    exit: flag('End when all is delivered, with a summary'),
    config: configOption,
  },
  examples: [
    ['pombo demo', 'Watch it; then try the API of the server that stays up'],
    ['pombo demo --dialect evolution', 'An Evolution API with its three webhooks'],
    ['pombo demo --exit', 'As a test: exit code 0 if every event arrived at every receiver'],
    ['pombo demo --count 5000 --rate 500', 'A bit more of it'],
  ],
  exits:
    '0 all delivered (or stopped by Ctrl-C), 1 something was not, 2 wrong options or configuration',
  async run({ dialect, ...values }) {
    const script = scripts[dialect]
    const { signalled, release } = untilSignal(() => process.exit(130))
    const screen = openScreen(process.stdout)
    const traffic = openTraffic((line) => screen.say(line))
    const receivers = await startReceivers(script, values.seed, traffic.received)
    const place = {
      run: randomBytes(3).toString('hex'),
      url: receivers.url,
      seed: values.seed,
      now: Date.now,
    }
    const dataDir = values['data-dir'] ?? (await mkdtemp(join(tmpdir(), 'pombo-demo-')))
    const overrides = {
      ...script.settings?.(place),
      POMBO_DATA_DIR: dataDir,
      DATABASE_URL: '',
    }
    try {
      return await withConfig(
        { file: values.config, overrides },
        async (configured, { entries }) => {
          // What the demo needs, whatever the server is configured for otherwise: receivers on this machine, and
          // a key that it knows.
          const config: Config = {
            ...configured,
            listen: values.listen,
            allowSubnets: [...configured.allowSubnets, '127.0.0.0/8'],
            httpsOnly: false,
            apiKey: configured.apiKey ?? `demo_${randomBytes(18).toString('base64url')}`,
          }
          const options = {
            count: values.count ?? script.count,
            rate: values.rate ?? script.rate,
            exit: values.exit,
          }
          return await runDemo(config, options, {
            script,
            place,
            receivers,
            screen,
            traffic,
            signalled,
            settings: entries,
          })
        },
      )
    } finally {
      await receivers.close()
      if (values['data-dir'] === undefined) await rm(dataDir, { recursive: true, force: true })
      release()
    }
  },
})
