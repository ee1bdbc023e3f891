import type { Channel, ChannelModel } from 'amqplib'
import type { Tools } from '../../destinations/contract/kind.ts'
import { Declined } from '../../destinations/contract/declined.ts'
import { connect, translated } from '../../destinations/rabbitmq/connect.ts'
import { namesOf, type RabbitmqSource, streamsOf } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

/** Each question on a channel of its own, which RabbitMQ closes with its no. */
async function asked<T>(
  model: ChannelModel,
  field: string,
  ask: (channel: Channel) => Promise<T>,
): Promise<T> {
  const channel = await model.createChannel()
  channel.on('error', () => {})
  try {
    const answer = await ask(channel)
    await channel.close()
    return answer
  } catch (error) {
    throw translated(error, field)
  }
}

export async function verify(settings: RabbitmqSource, tools: Tools): Promise<void> {
  const model = await connect(settings, tools)
  model.on('error', () => {})
  try {
    const { queue } = settings
    const field = queue === undefined ? 'stream' : 'queue'
    for (const name of queue === undefined ? streamsOf(settings) : [queue]) {
      await asked(model, field, async (channel) => await channel.checkQueue(name))
      if (queue === undefined) await asked(model, field, async (one) => await isStream(one, name))
      await asked(model, field, async (channel) => {
        await channel.prefetch(1)
        // What it hands out goes back as the channel is closed.
        await channel.consume(name, () => {}, queue === undefined ? streamStart('next') : {})
      })
    }
    await makeRefused(model, settings)
  } finally {
    await model.close().catch(() => {})
  }
}

export function streamStart(offset: 'first' | 'next' | number) {
  return { arguments: { 'x-stream-offset': offset } }
}

/** Declaring it anew with its type is refused where it is of another. */
async function isStream(channel: Channel, name: string): Promise<void> {
  try {
    await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'stream' } })
  } catch (error) {
    // Its other arguments differ from none, which says nothing of its type.
    if (error instanceof Error && !error.message.includes("'x-queue-type'")) return
    throw new Declined('missing', say('queue_not_stream', { name }), {
      field: 'stream',
      cause: error,
    })
  }
}

/** The queue for what cannot be read: one that was named must be there, the usual one is made. */
async function makeRefused(model: ChannelModel, settings: RabbitmqSource): Promise<void> {
  const { refused } = namesOf(settings)
  try {
    await asked(model, 'deadLetter', async (channel) => await channel.checkQueue(refused))
  } catch (error) {
    const isMissing = error instanceof Declined && error.reason === 'missing'
    if (!isMissing || settings.deadLetter !== undefined) throw error
    await asked(model, 'deadLetter', async (channel) => {
      await channel.assertQueue(refused, { durable: true })
    })
  }
}
