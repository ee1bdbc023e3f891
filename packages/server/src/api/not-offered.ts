import { PomboError } from '../core/error.ts'

/**
 * Paths that Svix's clients know and Pombo does not serve, behind `/api/v1`, with what to use instead. They answer
 * 501 and say so. The first that fits counts.
 */
const notOffered: readonly (readonly [path: RegExp, detail: string])[] = [
  [
    /^\/ingest(\/|$)/,
    'Svix Ingest; the sources of an app take events in: /api/v1/app/{app_id}/source.',
  ],
  [/^\/(auth\/)?stream(-|\/|$)/, 'streams; messages are delivered to endpoints.'],
  [/^\/connector(\/|$)/, 'connectors; an endpoint with a transform does what they do.'],
  [
    /^\/environment(\/|$)/,
    'export and import of an environment; read and write its parts by their own paths.',
  ],
  [/^\/stats(\/|$)/, 'these statistics; see those of each endpoint, and /metrics.'],
  [/^\/(mcp|management|authentication)(\/|$)/, 'these tokens; make keys: /api/v1/key.'],
  [/^\/event-type\/import(\/|$)/, 'the import of event types; create each by /api/v1/event-type.'],
  [/^\/app\/[^/]+\/autoconfig(\/|$)/, 'automatic configuration; create the endpoint by the API.'],
  [/^\/app\/[^/]+\/destination(\/|$)/, 'destinations; messages are delivered to endpoints.'],
  [/^\/app\/[^/]+\/(poller|polling-endpoint)(\/|$)/, 'polling; list the messages of the app.'],
  [
    /^\/app\/[^/]+\/integration(\/|$)/,
    'integrations; make a token of the app: /api/v1/auth/app-portal-access/{app_id}.',
  ],
  [
    /^\/app\/[^/]+\/endpoint\/[^/]+\/transformation(\/|$)/,
    'transformations in JavaScript, since code is not run; set the member transform of the endpoint, in CEL.',
  ],
  [
    /^\/app\/[^/]+\/endpoint\/[^/]+\/(auto-config|oauth|mtls|mtls-config|custom-ca)(\/|$)/,
    'this part of an endpoint.',
  ],
]

/** The 501 for a path of Svix's cloud; undefined: nobody knows the path. */
export function notOfferedAt(path: string): PomboError | undefined {
  const behind = /^(?:\/api\/v1|(?=\/ingest\/api\/v1\/))(\/.*)$/.exec(path)?.[1]
  if (behind === undefined) return undefined
  const detail = notOffered.find(([form]) => form.test(behind))?.[1]
  return detail === undefined ? undefined : new PomboError('not_offered', { detail })
}
