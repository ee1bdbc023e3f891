import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import type { Endpoint, Transform } from '../../core/endpoint.ts'
import { invalid, relocated } from '../../core/error.ts'
import { uuidv7 } from '../../core/id.ts'
import { withPath } from '../../core/url-path.ts'
import type { TransformTrial } from '../endpoints/transform.ts'
import { payloadText } from '../messages/send.ts'
import { cloudOnly, empty, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { simulateIn, simulateOut, transformationOut, transformationPatch } from './schema.ts'
import { shownUrl } from '../shown-url.ts'
import { say } from '../../core/sentences/sentences.ts'

export type TransformationDeps = Needs<'endpoints' | 'clock'> & { transform: TransformTrial }

const tag = 'Endpoint'
const path = '/api/v1/app/{app_id}/endpoint/{endpoint_id}/transformation'

/** An endpoint's `transform` as Svix's clients read and write it. */
export function transformationRoutes({ endpoints, clock, transform }: TransformationDeps): Route[] {
  return [
    route({
      at: `GET ${path}`,
      id: 'v1.endpoint.transformation-get',
      tag,
      summary: "Get an endpoint's transformation",
      description: cloudOnly,
      access: 'app',
      answers: { 200: { description: 'The transformation', body: transformationOut } },
      async handle({ scope, params }) {
        return json(200, show(await endpoints.get(scope, params.endpoint_id)))
      },
    }),
    route({
      at: `PATCH ${path}`,
      id: 'v1.endpoint.transformation-partial-update',
      tag,
      summary: "Change an endpoint's transformation",
      description: cloudOnly,
      access: 'app',
      body: transformationPatch,
      answers: { 204: { description: 'Changed' } },
      async handle({ scope, params, body }) {
        refuseJavaScript(body.code)
        const { transform: before } = await endpoints.get(scope, params.endpoint_id)
        try {
          await endpoints.patch(scope, params.endpoint_id, { transform: changed(before, body) })
        } catch (error) {
          throw underItsName(error)
        }
        return empty
      },
    }),
    route({
      at: `POST ${path}/simulate`,
      id: 'v1.endpoint.transformation-simulate',
      tag,
      summary: 'Try a transformation on a payload, without sending anything',
      description: cloudOnly,
      access: 'app',
      body: simulateIn,
      answers: { 200: { description: 'What would be sent', body: simulateOut } },
      async handle({ scope, params, body, text }) {
        refuseJavaScript(body.code)
        const endpoint = await endpoints.get(scope, params.endpoint_id)
        const payload = payloadText(text)
        if (payload === undefined)
          throw invalid(['body', 'payload'], { msg: 'field required', code: 'missing' })
        const tried: Transform = { ...endpoint.transform, payload: body.code }
        const nowMs = clock.now()
        const result = await transform(tried, {
          id: uuidv7(nowMs),
          payload,
          eventType: body.eventType,
          channels: body.channels ?? null,
          tags: null,
          createdAtMs: nowMs,
        })
        if (!result.ok) throw invalid(['body', 'code'], result.problem)
        return json(200, {
          payload: result.payload ?? payload,
          url: shownUrl(result.path === null ? endpoint.url : withPath(endpoint.url, result.path)),
          method: 'POST',
        })
      },
    }),
  ]
}

function show({ transform, updatedAtMs }: Endpoint): z.output<typeof transformationOut> {
  return {
    code: transform?.payload ?? null,
    enabled: transform !== null && transform.enabled !== false,
    variables: null,
    updatedAt: transform === null ? null : iso(updatedAtMs),
    headers: transform?.headers ?? null,
    path: transform?.path ?? null,
  }
}

/** Null where nothing is left of it. */
function changed(
  before: Transform | null,
  { code, headers, path, enabled }: z.output<typeof transformationPatch>,
): Transform | null {
  const given = { payload: code, headers, path, enabled }
  const all = { ...before, ...defined(given) }
  const { payload, enabled: isOn } = all
  if (payload == null && all.headers == null && all.path == null) return null
  return defined({
    payload: payload ?? undefined,
    headers: all.headers ?? undefined,
    path: all.path ?? undefined,
    enabled: isOn === false ? false : undefined,
  })
}

/** What Svix's documentation and its library of transformations are written in. */
function refuseJavaScript(code: string | null | undefined): void {
  if (code == null || !/\bfunction\b[^{]*\(|=>|\breturn\b/.test(code)) return
  throw invalid(['body', 'code'], say('no_javascript', { example: '{"text": payload.body}' }))
}

/** The registry knows the code as a part of the endpoint's `transform`. */
function underItsName(error: unknown): unknown {
  return relocated(error, (loc) => {
    const [where, first, part] = loc
    return first === 'transform' ? [where!, part === 'payload' ? 'code' : part!] : loc
  })
}
