import type { ChannelModel } from 'amqplib'
import { optionalLibrary } from '../../core/optional-library.ts'
import { unlessGivenUp } from '../contract/given-up.ts'
import { Declined } from '../contract/declined.ts'
import type { Tools } from '../contract/kind.ts'
import { tlsOptions } from '../contract/network.ts'
import { rabbitmqAddress } from './settings.ts'

const heartbeatSeconds = 20

/** An open connection; also for sources. */
export async function connect(settings: { url: string }, tools: Tools): Promise<ChannelModel> {
  const amqp = await optionalLibrary('amqplib', 'RabbitMQ', async () => await import('amqplib'))
  const { scheme, hostname, port, username, password, vhost } = rabbitmqAddress(settings)
  const { network, signal } = tools
  const secure = scheme === 'amqps'
  // The client connects by itself where nothing is encrypted; it then gets the address that the guard has permitted.
  const options = secure
    ? {
        ...tlsOptions(network, { hostname, port }, tools.tls),
        socket: await network.dial({ hostname, port }, signal),
      }
    : { noDelay: true }
  const connecting = amqp.connect(
    {
      protocol: scheme,
      hostname: secure ? hostname : await network.resolve({ hostname, port }),
      port,
      username: username ?? 'guest',
      password: password ?? 'guest',
      vhost: encodeURIComponent(vhost),
      heartbeat: heartbeatSeconds,
    },
    { ...options, timeout: 10_000, clientProperties: { connection_name: tools.clientName } },
  )
  try {
    return await unlessGivenUp(connecting, signal)
  } catch (error) {
    throw translated(error)
  }
}

/** RabbitMQ's reply codes, which its client puts into the text. `field`: what was asked for. */
export function translated(error: unknown, field = 'url'): unknown {
  if (!(error instanceof Error) || error instanceof Declined) return error
  const [, code, words] = /\b(\d{3}) \(.*?\) with message "(.*)"/s.exec(error.message) ?? []
  if (code === undefined) return error
  const text = `RabbitMQ says: ${words}`
  const isLogin = /login|authentication/i.test(words!)
  switch (code) {
    case '403':
      return new Declined(isLogin ? 'credentials' : 'forbidden', text, {
        field: isLogin ? 'url' : field,
      })
    case '404':
      return new Declined('missing', text, { field })
    case '530':
      return new Declined('missing', text)
    case '311':
      return new Declined('unfit', text)
    case '406':
      return new Declined('refused', text, { field })
    default:
      return new Declined('refused', text)
  }
}
