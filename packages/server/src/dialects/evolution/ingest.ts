/** An Evolution API, or an Evolution Go, whose webhook URL is Pombo. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { utf8Bytes } from '../../core/charset.ts'
import { PomboError } from '../../core/error.ts'
import { fields, type Fields, text } from '../../core/json-values.ts'
import type { DialectPorts } from '../contract/ports.ts'
import { bearer, header, param, sendJson, takesQuery } from '../contract/request.ts'
import { readEventName } from './events.ts'
import { ensureInstance } from './instances.ts'
import type { EvolutionValues } from './settings.ts'

/** Names that were brought up to date lately need not be looked at for every event. */
const freshMs = 30_000
const maxFresh = 10_000

/**
 * Evolution takes 400, 401, 403, 404 and 422 as final, so that only who sends is ever refused, and nothing for
 * what it says. Bodies of any type are taken as bytes.
 */
export function ingest(app: FastifyInstance, ports: DialectPorts, values: EvolutionValues): void {
  const fresh = new Map<string, number>()

  /** Before its first event: the global webhook is to get that one too. */
  async function bringUp(name: string, keys: readonly string[]): Promise<void> {
    const nowMs = ports.clock.now()
    if ((fresh.get(name) ?? 0) > nowMs) return
    for (const key of keys) {
      const caller = await ports.authenticate(key, bearer).catch((error: unknown) => {
        // A source's token, or none of ours: the intake will tell.
        if (error instanceof PomboError && error.code === 'authentication_failed') return undefined
        throw error
      })
      if (caller === undefined) continue
      await ensureInstance(ports, caller, name, values)
      if (fresh.size >= maxFresh) fresh.clear()
      fresh.set(name, nowMs + freshMs)
      return
    }
  }

  void app.register(async (plugin) => {
    plugin.removeAllContentTypeParsers()
    plugin.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) =>
      done(null, bytes),
    )
    for (const path of ['/evolution', '/evolution/:instance', '/evolution/:instance/:event'])
      plugin.post(path, takesQuery, async (request, reply) => {
        const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const body = objectOf(rawBody, request.headers['content-type'])
        const { instance, event } = whereTo(request, body)
        const { keys, trailing } = presented(request, body)
        if (instance !== null) await bringUp(instance, keys)
        const { messages: _, ...taken } = await ports.gateways.take({
          gateway: isEvolutionGo(body) ? 'evolution-go' : 'evolution',
          keys,
          headers: Object.fromEntries(
            Object.keys(request.headers).map((name) => [name, header(request, name)]),
          ),
          rawBody,
          session: instance,
          event: event ?? trailing,
        })
        return sendJson(reply, 200, { status: 'SUCCESS', data: taken })
      })
  })
}

function objectOf(bytes: Buffer, type: string | undefined): Fields | undefined {
  try {
    return fields(JSON.parse(utf8Bytes(bytes, type).toString()))
  } catch {
    return undefined
  }
}

function isEvolutionGo(body: Fields | undefined): boolean {
  return body !== undefined && !('instance' in body) && 'instanceToken' in body
}

/** The global webhook's path names no instance, and with `byEvents` an event where the instance would be. */
function whereTo(
  request: FastifyRequest,
  body: Fields | undefined,
): { instance: string | null; event: string | null } {
  const instance = param(request, 'instance') || null
  const event = param(request, 'event') || null
  const said = text(body?.['instance']) ?? text(body?.['instanceName'])
  if (instance === null) return { instance: said, event }
  if (event === null && said !== null && said !== instance && readEventName(instance) !== undefined)
    return { instance: said, event: instance }
  return { instance, event }
}

/**
 * Everything that may be the key: `?token=` (behind which Evolution puts the event), its headers, and last the
 * gateway's own key in the body, for a gateway that was given Pombo's key as its own.
 */
function presented(
  request: FastifyRequest,
  body: Fields | undefined,
): { keys: string[]; trailing: string | null } {
  const query = request.query as Record<string, unknown>
  const [token, ...rest] = (text(query['token']) ?? text(query['apikey']) ?? '').split('/')
  const keys = [
    token,
    header(request, 'apikey'),
    header(request, 'x-api-key'),
    request.headers.authorization?.replace(/^Bearer +/i, '').trim(),
    text(body?.['apikey']),
    text(body?.['instanceToken']),
  ]
  return {
    keys: [...new Set(keys.filter((key) => typeof key === 'string' && key !== ''))] as string[],
    trailing: rest.join('/') || null,
  }
}
