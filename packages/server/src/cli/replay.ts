import { createInterface } from 'node:readline/promises'
import { priorities } from '../core/message.ts'
import { pause } from '../core/pause.ts'
import { duration, integer, kind, list, oneOf, text } from '../core/setting-kinds.ts'
import { exitCodes, flag, option } from './command.ts'
import { configuredCommand, withApi } from './config-loading.ts'
import { tell } from './output.ts'
import type { PomboApi } from './pombo-api.ts'
import { outcomeText, progressLine, type ReplayTask } from './replay-progress.ts'
import { untilSignal } from './signals.ts'

/** As a shell says of a program that Ctrl-C ended: the replay goes on, this command does not. */
const leftRunning = 130

export const replayCommand = configuredCommand({
  name: 'replay',
  summary: 'Send again what was given up, not sent, or delivered',
  about: `Has a running Pombo go through its finished deliveries and send again what fits: without --status, what
was given up or not sent. It is counted first, then opened again at a rate and with a low priority, so that live
messages do not wait for it. The work is done by Pombo's nodes, not by this command: it goes on when this ends,
and when a node dies.`,
  options: {
    app: option(text('an app id or uid', 'app_…'), 'app', 'Only this app (default: all)'),
    endpoint: option(
      text('an endpoint id, or with --app a uid', 'ep_…'),
      'endpoint',
      'Only this endpoint (default: all)',
    ),
    'event-type': option(
      list(text('an event type', 'message.*')),
      'types',
      'Only these event types, between commas; message.* means all below',
    ),
    status: option(
      oneOf('exhausted', 'discarded', 'delivered', 'any'),
      'status',
      'How the delivery ended: given up, not sent, delivered, or in any way (default: exhausted and discarded)',
    ),
    since: option(instant(), 'time', 'Messages from then on, or from so long ago; required'),
    until: option(instant(), 'time', 'Messages before then (default: now)'),
    filter: option(
      text('an expression', 'payload.amount > 100'),
      'cel',
      'Only messages for which this is true, in CEL over payload, eventType, channels, tags',
    ),
    rate: option(
      integer(1, 100_000, 'a second', '100'),
      'number',
      'Deliveries opened a second at most',
      1_000,
    ),
    priority: option(
      oneOf(...priorities),
      'priority',
      'Of what is sent again, beside live messages',
      'low',
    ),
    'dry-run': flag('Count, and change nothing'),
    watch: option(taskId(), 'id', 'Show how far a replay is that is under way'),
    cancel: option(taskId(), 'id', 'End a replay that is under way'),
  },
  examples: [
    [
      'pombo replay --since 2h --app shop --dry-run',
      'How much was not delivered in the last two hours?',
    ],
    [
      'pombo replay --since 2026-01-31T09:00:00Z --endpoint ep_… --event-type "order.*"',
      'Send it again, to one endpoint',
    ],
    ['pombo replay --cancel qtask_…', 'Open nothing more'],
  ],
  exits:
    '0 done, 1 failed or canceled, 2 wrong options or configuration, 130 left running by Ctrl-C',
  check: problemsWith,
  run: async (values, config) =>
    await withApi(config, async (api) => {
      if (values.cancel !== undefined) return await cancel(api, values.cancel)
      if (values.watch !== undefined) return await follow(api, values.watch)
      const { id } = await api.must<ReplayTask>('POST', '/replay', {
        appId: values.app ?? null,
        endpointId: values.endpoint ?? null,
        eventTypes: values['event-type'] ?? null,
        status: values.status ?? null,
        since: values.since!.toISOString(),
        until: values.until?.toISOString() ?? null,
        payloadFilter: values.filter ?? null,
        dryRun: values['dry-run'],
        ratePerSecond: values.rate,
        priority: values.priority,
      })
      tell(`Replay ${id} has begun.`)
      return await follow(api, id)
    }),
})

/** A time, or so long before now. */
function instant() {
  const ago = duration(1_000, 10 * 365 * 86_400_000)
  return kind<Date>(
    'a time such as 2026-01-31T09:30:00Z, or how long ago it was, such as 2h or 7d',
    '2h',
    (given) => {
      const length = ago.schema.safeParse(given)
      if (length.success) return { value: new Date(Date.now() - length.data) }
      if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/.test(given))
        return { problem: 'it is neither a time with its offset nor a duration' }
      const at = new Date(given)
      return Number.isNaN(at.getTime()) ? { problem: 'there is no such time' } : { value: at }
    },
    (value) => value.toISOString(),
  )
}

function taskId() {
  return text('the id of a replay', 'qtask_…', /^qtask_\w+$/)
}

function problemsWith({
  since,
  until,
  watch,
  cancel,
}: {
  since: Date | undefined
  until: Date | undefined
  watch: string | undefined
  cancel: string | undefined
}): string[] {
  if (watch !== undefined && cancel !== undefined)
    return ['--watch and --cancel cannot go together.']
  if (watch !== undefined || cancel !== undefined) return []
  if (since === undefined) return ['--since is missing: from when on?']
  return until !== undefined && until <= since ? ['--until lies before --since.'] : []
}

async function cancel(api: PomboApi, id: string): Promise<number> {
  process.stdout.write(
    outcomeText(await api.must<ReplayTask>('POST', `/background-task/${id}/cancel`)),
  )
  return exitCodes.ok
}

const lookEveryMs = { terminal: 250, plain: 1_000 } as const
/** A log gets a line for each whole percent, and else after so long. */
const quietMs = 10_000
/** So long without an answer is borne: a Pombo that is restarted goes on with the replay. */
const silenceMs = 60_000

/** Shows how far a replay is until it is over, or until Ctrl-C. */
async function follow(api: PomboApi, id: string): Promise<number> {
  const { stderr } = process
  const { signalled, release } = untilSignal(() => process.exit(leftRunning))
  const stop = new AbortController()
  void signalled.then(() => stop.abort())
  const startedAt = performance.now()
  let doneBefore: number | undefined
  let shown = ''
  let shownAt = startedAt
  let answeredAt = startedAt
  try {
    while (!stop.signal.aborted) {
      const answer = await api.call<ReplayTask>('GET', `/background-task/${id}`)
      if (answer.ok) {
        answeredAt = performance.now()
        const task = answer.value
        if (task.status !== 'running') {
          if (stderr.isTTY) stderr.write('\r\x1b[2K')
          process.stdout.write(outcomeText(task))
          return task.status === 'finished' ? exitCodes.ok : exitCodes.failed
        }
        doneBefore ??= task.data.done + task.data.skipped
        const elapsedMs = performance.now() - startedAt
        const line = progressLine(task, { bar: stderr.isTTY === true, elapsedMs, doneBefore })
        if (stderr.isTTY) stderr.write(`\r\x1b[2K${line}`)
        else if (
          line !== shown &&
          (line.split(' ', 1)[0] !== shown.split(' ', 1)[0] ||
            performance.now() - shownAt > quietMs)
        ) {
          tell(line)
          shown = line
          shownAt = performance.now()
        }
      } else if (
        (answer.status !== 0 && answer.status < 500) ||
        performance.now() - answeredAt > silenceMs
      )
        throw new Error(`${answer.problem} The replay itself is not concerned; ${howOn(id)}`)
      const everyMs = stderr.isTTY ? lookEveryMs.terminal : lookEveryMs.plain
      await pause(everyMs, stop.signal)
    }
    if (stderr.isTTY) stderr.write('\n')
    return await leave(api, id)
  } finally {
    release()
  }
}

const howOn = (id: string) =>
  `"pombo replay --watch ${id}" shows it again, "pombo replay --cancel ${id}" ends it.`

/**
 * After Ctrl-C: the replay goes on, unless the person says otherwise. A second Ctrl-C is not an answer, and
 * ends the command.
 */
async function leave(api: PomboApi, id: string): Promise<number> {
  if (process.stdin.isTTY === true && process.stderr.isTTY === true) {
    const question = createInterface({ input: process.stdin, output: process.stderr })
    question.on('SIGINT', () => process.exit(leftRunning))
    const answer = await question.question('Pombo goes on with it. Cancel it instead? [y/N] ')
    question.close()
    if (/^y(es)?$/i.test(answer.trim())) {
      await cancel(api, id)
      return exitCodes.failed
    }
  }
  tell(`Replay ${id} goes on; ${howOn(id)}`)
  return leftRunning
}
