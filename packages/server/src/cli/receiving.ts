/** What `sink` and `listen` share: a receiver whose requests are printed, and the secret to check them with. */
import type { ListenAddress } from '../core/setting-kinds.ts'
import { listenProblem } from './address.ts'
import { exitCodes, flag } from './command.ts'
import { tell } from './output.ts'
import type { PomboApi } from './pombo-api.ts'
import { receivedJson, receivedLine, summaryText } from './sink/print.ts'
import { type Received, type Sink, type SinkOptions, startSink } from './sink/receive.ts'
import { readVerificationKey, type VerificationKey } from './sink/verify.ts'

export const printOptions = {
  json: flag('Print each request as a JSON object on one line'),
  quiet: flag('Print only the sums', 'q'),
}

/** Starts receiving; a port that cannot be had is an error that says what to change. */
export async function startReceiving(
  values: { listen: ListenAddress; json: boolean; quiet: boolean },
  options: Pick<SinkOptions, 'mischief' | 'verify' | 'forward'>,
): Promise<Sink> {
  const text = values.json ? receivedJson : receivedLine
  return await startSink({
    ...values.listen,
    ...options,
    ...(!values.quiet && {
      onReceived: (received: Received) => process.stdout.write(text(received)),
    }),
  }).catch((error: unknown) => {
    const problem = listenProblem(error, values.listen, '--listen')
    throw problem === undefined ? error : new Error(problem)
  })
}

/** The sums, and the exit code. */
export function sumUp({ counts }: Sink): number {
  tell(`\n${summaryText(counts).trimEnd()}`)
  return counts.badSignatures > 0 ? exitCodes.failed : exitCodes.ok
}

/** Of the endpoint at the path, as the API has it. */
export async function keyOf(api: PomboApi, path: string): Promise<VerificationKey> {
  const { key } = await api.must<{ key: string }>('GET', `${path}/secret`)
  const read = readVerificationKey(key)
  if (!read.ok) throw new Error(`The endpoint's secret cannot be used: ${read.problem}`)
  return read.key
}
