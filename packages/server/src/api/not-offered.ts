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
    /^\/environment\/settings(\/|$)/,
    "the looks of Svix's portal; those of Pombo's are at /api/v1/portal/settings.",
  ],
  [
    /^\/management\/environment-settings(\/|$)/,
    "the looks of Svix's portal; those of Pombo's are at /api/v1/portal/settings.",
  ],
  [
    /^\/transformation-template(\/|$)/,
    'templates; an endpoint with a transform does what they do.',
  ],
  [
    /^\/app\/[^/]+\/inbound(\/|$)/,
    'inbound addresses; make a source: /api/v1/app/{app_id}/source.',
  ],
  [/^\/app\/[^/]+\/events\/subscription(\/|$)/, 'subscriptions; make a polling endpoint.'],
  [
    /^\/events(\/|$)/,
    'streams of all applications; read those of one: /api/v1/app/{app_id}/events.',
  ],
  [/^\/app\/stats\/usage(\/|$)/, 'this list; ask for /api/v1/stats/usage/app.'],
  [/^\/(mcp|authentication)(\/|$)/, 'these tokens; make keys: /api/v1/key.'],
  [/^\/management(\/|$)/, 'this part of the management; see /api/v1/tenant and /api/v1/key.'],
  [/^\/app\/[^/]+\/autoconfig(\/|$)/, 'automatic configuration; create the endpoint by the API.'],
  [/^\/app\/[^/]+\/sink(\/|$)/, 'sinks; messages are delivered to endpoints.'],
  [/^\/app\/[^/]+\/destination(\/|$)/, 'destinations; messages are delivered to endpoints.'],
  [/^\/auth\/one-time-token(\/|$)/, 'one-time tokens; make a token of the app that ends soon.'],
  [
    /^\/app\/[^/]+\/endpoint\/[^/]+\/auto-config(\/|$)/,
    'automatic configuration of an endpoint; change it by the API.',
  ],
]

/** The 501 for a path of Svix's cloud; undefined: nobody knows the path. */
export function notOfferedAt(path: string): PomboError | undefined {
  const behind = /^(?:\/api\/v1|(?=\/ingest\/api\/v1\/))(\/.*)$/.exec(path)?.[1]
  if (behind === undefined) return undefined
  const detail = notOffered.find(([form]) => form.test(behind))?.[1]
  return detail === undefined ? undefined : new PomboError('not_offered', { detail })
}
