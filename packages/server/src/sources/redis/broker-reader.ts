import { openSocket } from '../../destinations/contract/network.ts'
import { redisAddress } from '../../destinations/redis/settings.ts'
import { translated } from '../../destinations/redis/connect.ts'
import { tlsOf } from '../broker/common-settings.ts'
import { contentId } from '../broker/content-id.ts'
import type { BrokerConsumer, BrokerMessage, ReaderTools } from '../broker/kind.ts'
import type { RedisSource } from './broker-settings.ts'
import { ListConsumer, type ListElement } from './list.ts'
import { deletedEntry, type Entry, StreamConsumer } from './stream.ts'

/** How long a connection may take to open. */
const openMs = 10_000

/** The readers that POMBO_REDIS_LISTS and POMBO_REDIS_STREAMS have, past the guard of addresses. */
export function readerOf(settings: RedisSource, tools: ReaderTools): BrokerConsumer<unknown> {
  const { url, stream, list, group = 'pombo', end = 'right', deadLetter, batch } = settings
  const address = redisAddress(settings)
  const common = {
    url,
    explain: (error: Error) => translated(error) as Error,
    dial: async () => {
      const signal = AbortSignal.timeout(openMs)
      const secure = address.scheme === 'rediss'
      return await openSocket(tools.network, address, secure, tlsOf(settings), signal)
    },
    // Two sources may read the same key.
    consumer: `${tools.reader}:${tools.sourceId}`,
    // Sizes are the intake's to judge.
    maxPayloadBytes: Number.POSITIVE_INFINITY,
    log: (message: string) => tools.log(message),
    refused: deadLetter,
    batch,
  }
  return stream === undefined
    ? Object.assign(new ListConsumer({ ...common, key: list!, end }), { message: elementMessage })
    : Object.assign(new StreamConsumer({ ...common, key: stream, group, idleMs: tools.leaseMs }), {
        message: entryMessage,
      })
}

function elementMessage({ bytes, again }: ListElement): BrokerMessage {
  return { body: bytes, headers: {}, id: null, again }
}

function entryMessage([id, fields]: Entry): BrokerMessage {
  if (fields === null)
    return { body: Buffer.alloc(0), headers: {}, id, again: false, problem: deletedEntry }
  // With its content: in a stream that was made anew, ids that producers choose come again.
  return { ...contentOf(fields), id: `${id} ${contentId(...fields)}`, again: false }
}

/** Fields that are headers under another name, where the payload stands alone beside them. */
const words: Record<string, string> = {
  eventType: 'pombo-event-type',
  eventId: 'pombo-event-id',
  orderingKey: 'pombo-ordering-key',
}

/** The body is the field `payload` or `message`, the only one, or all of them as an object. The rest are headers. */
function contentOf(fields: readonly Buffer[]): Pick<BrokerMessage, 'body' | 'headers'> {
  const entry = new Map<string, Buffer>()
  for (let at = 0; at + 1 < fields.length; at += 2)
    entry.set(fields[at]!.toString(), fields[at + 1]!)
  const name = ['payload', 'message'].find((one) => entry.has(one))
  const body = name === undefined ? undefined : entry.get(name)
  const headers: Record<string, string> = {}
  for (const [field, value] of entry)
    if (field !== name) headers[words[field] ?? field.toLowerCase()] = value.toString()
  if (body) return { body, headers }
  const [only] = entry.values()
  if (entry.size === 1) return { body: only!, headers: {} }
  const all = Object.fromEntries([...entry].map(([field, value]) => [field, value.toString()]))
  return { body: Buffer.from(JSON.stringify(all)), headers }
}
