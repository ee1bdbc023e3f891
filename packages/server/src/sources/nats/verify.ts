import type { JetStreamManager } from '@nats-io/jetstream'
import { Declined } from '../../destinations/contract/declined.ts'
import type { Tools } from '../../destinations/contract/kind.ts'
import { connect, libraries, translated } from '../../destinations/nats/connect.ts'
import { namesOf, type NatsSource } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

/** How long a message may be in hand before another reader gets it; what is being taken says so by then. */
export const ackWaitMs = 15_000

export async function verify(settings: NatsSource, tools: Tools): Promise<void> {
  const library = await libraries()
  const connection = await connect(settings, tools, library)
  try {
    const manager = await library.jetstream.jetstreamManager(connection, { checkAPI: false })
    await told(settings, 'stream', manager.streams.info(settings.stream))
    await makeConsumer(manager, settings)
    await makeRefused(manager, settings)
  } finally {
    await connection.close().catch(() => {})
  }
}

async function told<T>(settings: NatsSource, field: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw translated(error, settings, field)
  }
}

/** The consumer that all nodes share, made where it is missing. */
export async function makeConsumer(manager: JetStreamManager, settings: NatsSource): Promise<void> {
  const { stream, subject } = settings
  const { group } = namesOf(settings)
  const found = await manager.consumers.info(stream, group).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw translated(error, settings, 'group')
  })
  if (!found) {
    await told(
      settings,
      'group',
      manager.consumers.add(stream, {
        durable_name: group,
        ack_policy: 'explicit',
        ack_wait: ackWaitMs * 1_000_000,
        deliver_policy: 'all',
        ...(subject !== undefined && { filter_subject: subject }),
      }),
    )
    return
  }
  const { config } = found
  if (config.ack_policy !== 'explicit' || config.deliver_subject !== undefined)
    throw new Declined('missing', say('not_a_pull_consumer', { group, stream }), { field: 'group' })
  if ((config.filter_subject ?? '') !== (subject ?? ''))
    throw new Declined(
      'missing',
      say('consumer_of_another', { group, subject: config.filter_subject ?? 'all subjects' }),
      { field: 'subject' },
    )
}

/** A stream takes what cannot be read: one for the subject that was named must be there, the usual one is made. */
async function makeRefused(manager: JetStreamManager, settings: NatsSource): Promise<void> {
  const { refused } = namesOf(settings)
  const found = await manager.streams.find(refused).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw translated(error, settings, 'deadLetter')
  })
  if (found === settings.stream)
    throw new Declined(
      'missing',
      say('stream_takes_refused', { stream: found, subject: refused }),
      {
        field: 'deadLetter',
      },
    )
  if (found !== undefined) return
  if (settings.deadLetter !== undefined)
    throw new Declined('missing', say('no_stream_takes', { subject: refused }), {
      field: 'deadLetter',
    })
  const name = `POMBO_REFUSED_${settings.stream}`
  await told(settings, 'deadLetter', manager.streams.add({ name, subjects: [refused] }))
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    ['StreamNotFoundError', 'ConsumerNotFoundError'].includes(error.name) ||
    /not found|no stream matches/i.test(error.message)
  )
}
