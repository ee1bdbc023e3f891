import type { Endpoint } from '../../core/endpoint.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import { pathName } from './events.ts'
import { optionsOf } from './options.ts'
import { nameOf } from './payload.ts'

/** The endpoint's URL; with `webhookByEvents` the event's name is one more part of its path, before a query. */
export function url(event: OutgoingEvent, endpoint: Endpoint): string {
  if (optionsOf(endpoint.dialectOptions).webhookByEvents !== true) return endpoint.url
  const query = endpoint.url.search(/[?#]/)
  const [base, rest] =
    query < 0 ? [endpoint.url, ''] : [endpoint.url.slice(0, query), endpoint.url.slice(query)]
  return `${base.replace(/\/+$/, '')}/${encodeURIComponent(pathName(nameOf(event)))}${rest}`
}
