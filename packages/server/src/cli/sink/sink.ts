import { listenAddress, text } from '../../core/setting-kinds.ts'
import { command, exitCodes, option } from '../command.ts'
import { configOption, withApi, withConfig } from '../config-loading.ts'
import { tell } from '../output.ts'
import { keyOf, printOptions, startReceiving, sumUp } from '../receiving.ts'
import { untilSignal } from '../signals.ts'
import { mischiefOf, mischiefOptions, mischiefProblems, verificationKey } from './options.ts'
import { type VerificationKey, verifierOf } from './verify.ts'

export const sinkCommand = command({
  name: 'sink',
  summary: 'Receive webhooks: verify them, print them, misbehave on request',
  about: `Answers 200 to every request, unless it is told to misbehave. With a secret it checks each signature and
answers 401 to a bad one. It counts requests, distinct messages, retries, and repeats of what it had already
accepted; Ctrl-C prints the sums. A Pombo that is to reach it needs its address in POMBO_ALLOW_SUBNETS
(127.0.0.0/8 for this machine).`,
  options: {
    listen: option(listenAddress(), 'host:port', 'Where to listen', {
      host: '127.0.0.1',
      port: 8072,
    }),
    secret: option(
      verificationKey(),
      'secret',
      "The endpoint's signing secret, to check signatures with",
    ),
    app: option(text('an app id or uid', 'app_…'), 'app', 'With --endpoint: the app it belongs to'),
    endpoint: option(
      text('an endpoint id or uid', 'ep_…'),
      'endpoint',
      'Ask the running Pombo for the secret of this endpoint (needs POMBO_API_KEY)',
    ),
    ...mischiefOptions,
    ...printOptions,
    config: configOption,
  },
  examples: [
    ['pombo sink', 'Take everything on port 8072'],
    [
      'pombo sink --secret whsec_… --fail 20% --latency 200ms --hang 5%',
      'Check signatures, and be a bad receiver',
    ],
    [
      'pombo sink --app app_1 --endpoint ep_1 --json | jq .body',
      'The secret comes from Pombo; the bodies go to jq',
    ],
    ['pombo sink --gone-after 100', 'Be gone for good after 100 requests'],
  ],
  exits: '0 stopped, 1 failed (or a signature was bad), 2 wrong options or configuration',
  check: (values) => [
    ...mischiefProblems(values),
    ...((values.endpoint === undefined) === (values.app === undefined)
      ? []
      : ['--endpoint and --app go together.']),
  ],
  async run(values) {
    const { app, endpoint, secret } = values
    let keys = secret === undefined ? [] : [secret]
    if (app !== undefined && endpoint !== undefined) {
      const code = await fetchKey(values.config, app, endpoint, (key) => (keys = [...keys, key]))
      if (code !== exitCodes.ok) return code
    }
    const { signalled, release } = untilSignal(() => process.exit(130))
    const sink = await startReceiving(values, {
      mischief: mischiefOf(values),
      verify: verifierOf(() => keys),
    })
    tell(
      `Receiving at ${sink.url} ` +
        `(${keys.length === 0 ? 'signatures are not checked: no --secret' : 'signatures are checked'}). ` +
        'Ctrl-C stops.',
    )
    await signalled
    await sink.close()
    release()
    return sumUp(sink)
  },
})

/** The endpoint's secret, from the running Pombo; the exit code says whether it was to be had. */
async function fetchKey(
  file: string | undefined,
  app: string,
  endpoint: string,
  take: (key: VerificationKey) => void,
): Promise<number> {
  return await withConfig(
    { file },
    async (config) =>
      await withApi(config, async (api) => {
        take(
          await keyOf(
            api,
            `/app/${encodeURIComponent(app)}/endpoint/${encodeURIComponent(endpoint)}`,
          ),
        )
        return exitCodes.ok
      }),
  )
}
