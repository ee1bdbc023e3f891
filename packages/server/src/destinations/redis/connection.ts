import { Declined } from '../contract/declined.ts'
import type { Connection, Item, Tools } from '../contract/kind.ts'
import { isFixed, nameFor } from '../contract/names.ts'
import { propertiesOf } from '../contract/properties.ts'
import { connect, translated } from './connect.ts'
import type { RedisSettings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export async function open(settings: RedisSettings, tools: Tools): Promise<Connection> {
  const { redis, cause } = await connect(settings, tools)

  async function add({ envelope, body, headers }: Item): Promise<string> {
    const stream = nameFor(settings.stream, envelope)
    const { maxLength, create } = settings
    const id = await redis.xadd(
      stream,
      ...(create === true ? [] : ['NOMKSTREAM']),
      ...(maxLength === undefined ? [] : ['MAXLEN', '~', String(maxLength)]),
      '*',
      ...Object.entries(propertiesOf({ envelope, headers, body })).flat(),
      'payload',
      body as unknown as string,
    )
    if (id === null) throw missing(stream)
    return `entry ${id} of the stream ${stream}`
  }

  return {
    async verify() {
      const { stream, create } = settings
      if (!isFixed(stream)) return
      const found = await redis.type(stream).catch((error: unknown) => {
        throw translated(error)
      })
      if (found === 'none' && create !== true) throw missing(stream)
      if (found !== 'none' && found !== 'stream')
        throw new Declined(
          'missing',
          say('key_of_other_kind', { key: stream, found, wanted: 'stream' }),
          {
            field: 'stream',
          },
        )
    },
    async send(item) {
      try {
        return await add(item)
      } catch (error) {
        throw translated(error)
      }
    },
    onBroken: (listener) =>
      redis.once('end', () => listener(cause() ?? new Error('Redis closed it'))),
    async close() {
      redis.disconnect()
    },
  }
}

function missing(stream: string): Declined {
  return new Declined('missing', say('stream_missing_workers', { key: stream }), {
    field: 'stream',
  })
}
