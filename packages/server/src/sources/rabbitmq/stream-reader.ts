import type { ConsumeMessage } from 'amqplib'
import { contentId } from '../broker/content-id.ts'
import type { Inbox } from '../broker/inbox.ts'
import { type ReaderTools, usualBatch } from '../broker/kind.ts'
import { Shares } from '../broker/shares.ts'
import type { SubscribingReader } from '../broker/subscriber.ts'
import { headersOf, Reading } from './reading.ts'
import { type RabbitmqSource, streamsOf } from './settings.ts'
import { streamStart } from './verify.ts'

interface StreamItem {
  stream: string
  message: ConsumeMessage
  reading: Reading
}

/**
 * Streams, which every consumer gets whole: one node at a time reads each, and notes how far it came after each commit.
 * Whoever takes over begins there, and knows by the offset what it meets again. Nodes share the streams of a super
 * stream.
 */
export function streamReader(
  settings: RabbitmqSource,
  tools: ReaderTools,
): SubscribingReader<StreamItem> {
  const { slots } = tools
  const { from = 'first', partitions, batch = usualBatch } = settings
  const streams = streamsOf(settings)

  async function open(
    stream: string,
    inbox: Inbox<StreamItem>,
    signal: AbortSignal,
    onEnd: (error: Error) => void,
  ): Promise<Reading> {
    const slot = await slots.claim(stream)
    if (!slot) throw new Error(`another node reads ${stream} by now`)
    const last = slot.position === null ? -1 : Number(slot.position)
    return await Reading.open(settings, tools, {
      name: stream,
      // Of all of them together, one batch is taken while another comes.
      prefetch: Math.max(1, Math.ceil((2 * batch) / streams.length)),
      consume: streamStart(slot.position === null ? from : last + 1),
      signal,
      onMessage: (message, reading) => {
        // RabbitMQ begins with the chunk that the offset is in.
        if (offsetOf(message) <= last) reading.acknowledge(message)
        else inbox.push({ stream, message, reading })
      },
      onEnd,
    })
  }

  async function advance(reading: Reading, items: readonly StreamItem[]): Promise<void> {
    const { stream, message } = items.at(-1)!
    // Where it is another node's by now, that one meets them again, and knows them.
    if (!(await slots.advance(stream, String(offsetOf(message))))) return
    for (const item of items) reading.acknowledge(item.message)
  }

  return {
    name: `the stream ${settings.stream}`,
    batch,
    inOrder: true,

    async subscribe(inbox, signal) {
      const shares = await Shares.open({
        inbox,
        share: async () => await slots.share(streams),
        open: async (stream, ended) => await open(stream, inbox, signal, ended),
      })
      return {
        setAside: async ({ message, reading }, problem) => await reading.setAside(message, problem),
        acknowledge: async (items) => {
          for (const [reading, own] of Map.groupBy(items, (item) => item.reading))
            await advance(reading, own)
        },
        close: async () => await shares.close(),
        destroy: () => shares.destroy(),
      }
    },

    message({ stream, message }) {
      // With its content: a stream that was made anew counts from 0 again.
      const id = `${offsetOf(message)} ${contentId(message.content)}`
      return {
        body: message.content,
        headers: headersOf(message),
        id: partitions === undefined ? id : `${stream} ${id}`,
        again: false,
      }
    },

    release: async () => await slots.release(streams),
  }
}

function offsetOf({ properties }: ConsumeMessage): number {
  return Number((properties.headers as Record<string, unknown>)['x-stream-offset'])
}
