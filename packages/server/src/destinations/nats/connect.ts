import { isIPv6 } from 'node:net'
import type { NatsConnection } from '@nats-io/transport-node'
import { optionalLibrary } from '../../core/optional-library.ts'
import { unlessGivenUp } from '../contract/given-up.ts'
import { Declined } from '../contract/declined.ts'
import type { Tools } from '../contract/kind.ts'
import { tlsOptions } from '../contract/network.ts'
import { natsAddress } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'

/** What is connected with; also by sources. */
interface Settings {
  url: string
  subject?: string | undefined
  stream?: string | undefined
  token?: string | undefined
  credentials?: string | undefined
}

export async function libraries() {
  return await optionalLibrary('@nats-io/transport-node @nats-io/jetstream', 'NATS', async () => ({
    core: await import('@nats-io/transport-node'),
    jetstream: await import('@nats-io/jetstream'),
  }))
}

type Libraries = Awaited<ReturnType<typeof libraries>>

/** The client connects by itself, to the address that the guard has permitted and to no other of its cluster. */
export async function connect(
  settings: Settings,
  { network, tls, clientName, signal }: Tools,
  { core }: Libraries,
): Promise<NatsConnection> {
  const { scheme, hostname, port, username, password } = natsAddress(settings)
  const address = await network.resolve({ hostname, port })
  const { token, credentials } = settings
  const connecting = core.connect({
    servers: `${isIPv6(address) ? `[${address}]` : address}:${port}`,
    name: clientName,
    ignoreClusterUpdates: true,
    reconnect: false,
    resolve: false,
    pingInterval: 20_000,
    timeout: 10_000,
    // Its names are for files too; what else is given goes to `tls.connect` as it is.
    tls: scheme === 'tls' ? (tlsOptions(network, { hostname, port }, tls) as object) : null,
    ...(username !== undefined && { user: username, pass: password ?? '' }),
    ...(token !== undefined && { token }),
    ...(credentials !== undefined && {
      authenticator: core.credsAuthenticator(new TextEncoder().encode(credentials)),
    }),
  })
  try {
    return await unlessGivenUp(connecting, signal)
  } catch (error) {
    throw translated(error, settings, 'url')
  }
}

/** By the error's name: the classes are loaded with the client, and one of them may be of another copy. */
export function translated(error: unknown, settings: Settings, field: string): unknown {
  if (!(error instanceof Error) || error instanceof Declined) return error
  const { subject, stream } = settings
  switch (error.name) {
    case 'AuthorizationError':
    case 'UserAuthenticationExpiredError':
      return new Declined('credentials', `NATS says: ${error.message}`)
    case 'PermissionViolationError':
      return new Declined('forbidden', `NATS says: ${error.message}`, { field })
    case 'StreamNotFoundError':
      return new Declined(
        'missing',
        stream === undefined
          ? say('no_stream_takes', { subject: subject ?? '' })
          : say('no_stream', { stream }),
        { field },
      )
    // Nobody answers, which the client takes for a server without JetStream.
    case 'NoRespondersError':
    case 'JetStreamNotEnabled':
      return new Declined('missing', say('no_jetstream', { subject: subject ?? '' }), { field })
    case 'JetStreamApiError':
      return new Declined(
        /maximum|resources|storage/i.test(error.message) ? 'full' : 'refused',
        `JetStream says: ${error.message}`,
        { field },
      )
    default:
      return error.cause instanceof Error && 'code' in error.cause ? error.cause : error
  }
}
