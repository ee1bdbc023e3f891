import { listenAddress, text } from '../../core/setting-kinds.ts'
import { listenProblem } from '../address.ts'
import { command, exitCodes, flag, option } from '../command.ts'
import { configOption, withConfig } from '../config-loading.ts'
import { apiOf } from '../pombo-api.ts'
import { untilSignal } from '../signals.ts'
import { mischiefOf, mischiefOptions, verificationKey } from './options.ts'
import { receivedJson, receivedLine, summaryText } from './print.ts'
import { startSink, type Received } from './receive.ts'
import { readVerificationKey, type VerificationKey, verifierOf } from './verify.ts'

export const sinkCommand = command({
  name: 'sink',
  summary: 'Receive webhooks: verify them, print them, misbehave on request',
  about: `Answers 200 to every request, unless it is told to misbehave. With a secret it checks each signature and answers 401 to a bad one.
It counts requests, distinct messages, retries, and repeats of what it had already accepted; Ctrl-C prints the sums.
A Pombo that is to reach it needs its address in POMBO_ALLOW_SUBNETS (127.0.0.0/8 for this machine).`,
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
    json: flag('Print each request as a JSON object on one line'),
    quiet: flag('Print only the sums', 'q'),
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
  async run(values) {
    const mischief = mischiefOf(values)
    if (!mischief.ok) return usage(mischief.problem)
    if ((values.endpoint === undefined) !== (values.app === undefined))
      return usage('--endpoint and --app go together.')
    const given = values.secret === undefined ? [] : [values.secret]
    const fetched =
      values.endpoint === undefined
        ? []
        : await fetchKeys(values.config, values.app!, values.endpoint)
    if (typeof fetched === 'number') return fetched
    const keys = [...given, ...fetched]

    const print = values.quiet ? undefined : values.json ? receivedJson : receivedLine
    const { signalled, release } = untilSignal(() => process.exit(130))
    const sink = await startSink({
      ...values.listen,
      mischief: mischief.mischief,
      verify: verifierOf(() => keys),
      ...(print && { onReceived: (received: Received) => process.stdout.write(print(received)) }),
    }).catch((error: unknown) => {
      const problem = listenProblem(error, values.listen, '--listen')
      if (problem === undefined) throw error
      return problem
    })
    if (typeof sink === 'string') {
      process.stderr.write(`${sink}\n`)
      return exitCodes.failed
    }
    process.stderr.write(
      `Receiving at ${sink.url} ` +
        `(${keys.length === 0 ? 'signatures are not checked: no --secret' : 'signatures are checked'}). ` +
        `Ctrl-C stops.\n`,
    )
    await signalled
    await sink.close()
    release()
    process.stderr.write(`\n${summaryText(sink.counts)}`)
    return sink.counts.badSignatures > 0 ? exitCodes.failed : exitCodes.ok
  },
})

function usage(problem: string): number {
  process.stderr.write(`${problem}\nSee "pombo sink --help".\n`)
  return exitCodes.usage
}

/** The endpoint's secret, or the exit code when it cannot be had. */
async function fetchKeys(
  file: string | undefined,
  app: string,
  endpoint: string,
): Promise<VerificationKey[] | number> {
  let keys: VerificationKey[] = []
  const code = await withConfig({ file }, async (config) => {
    const connected = apiOf(config)
    if (!connected.ok) {
      process.stderr.write(`${connected.problem}\n`)
      return exitCodes.usage
    }
    const path = `/app/${encodeURIComponent(app)}/endpoint/${encodeURIComponent(endpoint)}/secret`
    const { key } = await connected.api.must<{ key: string }>('GET', path)
    const read = readVerificationKey(key)
    if (!read.ok) throw new Error(`The endpoint's secret cannot be used: ${read.problem}`)
    keys = [read.key]
    return exitCodes.ok
  })
  return code === exitCodes.ok ? keys : code
}
