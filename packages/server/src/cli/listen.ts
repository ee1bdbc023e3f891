import { hostname } from 'node:os'
import { list, listenAddress, text, url } from '../core/setting-kinds.ts'
import { exitCodes, option } from './command.ts'
import { configuredCommand, withApi } from './config-loading.ts'
import { reasonOf, tell } from './output.ts'
import type { PomboApi } from './pombo-api.ts'
import { keyOf, printOptions, startReceiving, sumUp } from './receiving.ts'
import { untilSignal } from './signals.ts'
import { wellBehaved } from './sink/mischief.ts'
import type { ForeignAnswer, Received, Sink } from './sink/receive.ts'
import { type VerificationKey, verifierOf } from './sink/verify.ts'

interface Shown {
  id: string
  uid?: string | null
  name?: string
}

export const listenCommand = configuredCommand({
  name: 'listen',
  summary: 'Receive what a running Pombo delivers, on this machine',
  about: `Makes an endpoint for as long as it runs, receives what Pombo delivers to it, checks the signatures,
prints it, and passes it on where --forward says: the answer that comes back is the answer that Pombo gets, so
that retries are the real ones. The endpoint is removed at the end. Pombo must be able to reach this machine:
with 127.0.0.0/8 in its POMBO_ALLOW_SUBNETS if it runs here, else under --public-url (a tunnel).`,
  options: {
    app: option(
      text('an app id or uid', 'app_…'),
      'app',
      'Whose events to get (default: the only app there is)',
    ),
    events: option(
      list(text('an event type', 'message.*')),
      'types',
      'Only these event types, between commas',
    ),
    forward: option(
      url(['http:', 'https:'], 'http://localhost:3000/webhooks'),
      'url',
      'Pass each request on to this URL',
    ),
    listen: option(listenAddress(), 'host:port', 'Where to receive', {
      host: '127.0.0.1',
      port: 0,
    }),
    'public-url': option(
      url(['http:', 'https:'], 'https://abc.tunnel.example'),
      'url',
      'The URL under which Pombo reaches this',
    ),
    ...printOptions,
  },
  examples: [
    ['pombo listen --events "message.*"', 'See messages as they are delivered'],
    [
      'pombo listen --forward http://localhost:3000/webhooks',
      'Develop a receiver against real events',
    ],
  ],
  run: async (values, config) =>
    await withApi(config, async (api) => {
      const app = await chooseApp(api, values.app)
      if ('problem' in app) {
        tell(app.problem)
        return exitCodes.usage
      }
      let keys: VerificationKey[] = []
      const { forward } = values
      const { signalled, release } = untilSignal(() => process.exit(130))
      const sink = await startReceiving(values, {
        mischief: wellBehaved,
        verify: verifierOf(() => keys),
        ...(forward !== undefined && { forward: (request) => passOn(forward, request) }),
      })
      try {
        const path = `/app/${encodeURIComponent(app.id)}/endpoint`
        const made = await register(api, path, values['public-url'] ?? sink.url, values.events)
        try {
          keys = [await keyOf(api, `${path}/${made.id}`)]
          tell(greeting(app, made.id, sink, forward))
          await signalled
        } finally {
          await unregister(api, `${path}/${made.id}`)
        }
      } finally {
        await sink.close()
        release()
      }
      return sumUp(sink)
    }),
})

async function chooseApp(
  api: PomboApi,
  wanted: string | undefined,
): Promise<Shown | { problem: string }> {
  if (wanted !== undefined)
    return await api.must<Shown>('GET', `/app/${encodeURIComponent(wanted)}`)
  const { data } = await api.must<{ data: Shown[] }>('GET', '/app?limit=20')
  if (data.length === 1) return data[0]!
  if (data.length === 0)
    return {
      problem:
        'There is no app yet, so there is nothing to listen to. Make one: POST /api/v1/app {"name": "…"}.',
    }
  const names = data.map(({ id, uid, name }) => `  ${uid ?? id}  ${name ?? ''}`).join('\n')
  return { problem: `There are several apps; choose one with --app:\n${names}` }
}

async function register(
  api: PomboApi,
  path: string,
  target: string,
  events: string[] | undefined,
): Promise<Shown> {
  const answer = await api.call<Shown>('POST', path, {
    url: target,
    description: `pombo listen on ${hostname()}, for as long as it runs`,
    ...(events && events.length > 0 && { eventTypes: events }),
  })
  if (answer.ok) return answer.value
  const hint = /subnet|address|https/i.test(answer.problem)
    ? '\nIf that Pombo runs on this machine, start it with POMBO_ALLOW_SUBNETS=127.0.0.0/8 ' +
      '(and POMBO_HTTPS_ONLY=false in production); else give the URL of a tunnel as --public-url.'
    : ''
  throw new Error(`${answer.problem}${hint}`)
}

async function unregister(api: PomboApi, path: string): Promise<void> {
  const answer = await api.call('DELETE', path)
  if (!answer.ok && answer.status !== 404)
    tell(
      `The endpoint could not be removed; do it by hand (DELETE /api/v1${path}). ${answer.problem}`,
    )
}

/** The answer of the program that is being developed; 502 when there is none, so that Pombo tries again. */
async function passOn(
  target: string,
  request: { headers: Received['headers']; body: Buffer },
): Promise<ForeignAnswer> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (
      typeof value === 'string' &&
      !['host', 'connection', 'content-length', 'transfer-encoding'].includes(name)
    )
      headers.set(name, value)
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers,
      body: new Uint8Array(request.body),
      redirect: 'manual',
      signal: AbortSignal.timeout(60_000),
    })
    const body = Buffer.from(await response.arrayBuffer())
    return {
      status: response.status,
      contentType: response.headers.get('content-type') ?? undefined,
      body,
    }
  } catch (error) {
    const problem = `${target} does not answer: ${reasonOf(error)}`
    tell(problem)
    return { status: 502, contentType: 'text/plain', body: Buffer.from(`${problem}\n`) }
  }
}

function greeting(app: Shown, endpointId: string, sink: Sink, forward: string | undefined): string {
  const onwards = forward === undefined ? '' : `, passing on to ${forward}`
  return (
    `Listening to ${app.name ?? app.id} as ${endpointId}, at ${sink.url}${onwards}. ` +
    'Ctrl-C stops and removes the endpoint.'
  )
}
