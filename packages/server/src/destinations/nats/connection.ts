import type { Connection, Item, Tools } from '../contract/kind.ts'
import { isFixed, nameFor } from '../contract/names.ts'
import { propertiesOf } from '../contract/properties.ts'
import { connect, libraries, translated } from './connect.ts'
import type { NatsSettings } from './settings.ts'

export async function open(settings: NatsSettings, tools: Tools): Promise<Connection> {
  const library = await libraries()
  const connection = await connect(settings, tools, library)
  const { jetstream, jetstreamManager } = library.jetstream
  const stream = jetstream(connection)

  async function verify(): Promise<void> {
    const { subject, stream: name } = settings
    const manager = await jetstreamManager(connection, { checkAPI: false })
    if (name !== undefined) await manager.streams.info(name)
    else if (isFixed(subject)) await manager.streams.find(subject)
  }

  async function publish({ envelope, body, headers }: Item): Promise<string> {
    const subject = nameFor(settings.subject, envelope, clean)
    const properties = library.core.headers()
    for (const [name, value] of Object.entries(propertiesOf({ envelope, body, headers })))
      properties.set(name, value)
    const { stream: name } = settings
    const answer = await stream.publish(subject, body, {
      headers: properties,
      // Of one message, two endpoints may write into the same stream.
      msgID: `${envelope.id}.${envelope.endpointId}`,
      timeout: 60_000,
      ...(name !== undefined && { expect: { streamName: name } }),
    })
    const where = `sequence ${answer.seq} of the stream ${answer.stream}`
    return answer.duplicate ? `the stream has it already, as ${where}` : where
  }

  const told = async <T>(work: Promise<T>, field: string): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw translated(error, settings, field)
    }
  }
  return {
    verify: async () => await told(verify(), settings.stream === undefined ? 'subject' : 'stream'),
    send: async (item) => await told(publish(item), 'subject'),
    onBroken(listener) {
      void connection.closed().then((error) => listener(error ?? new Error('NATS closed it')))
    },
    close: async () => await connection.close().catch(() => {}),
  }
}

/** Stars and angle brackets match many subjects, and no word between two dots is empty. */
function clean(value: string): string {
  return value.replaceAll(/[\s*>]/g, '_').replaceAll(/^\.|\.$|\.(?=\.)/g, '_')
}
