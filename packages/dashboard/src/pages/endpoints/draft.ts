import type { Endpoint, EndpointInput } from '../../api/shapes.ts'
import { listOf } from '../../parts/list-of.ts'
import {
  type AccessDraft,
  accessDraftOf,
  accessInput,
  noAccess,
  wrongAccess,
} from './draft-access.ts'
import {
  type DestinationDraft,
  destinationDraftOf,
  destinationInput,
  overHttp,
  wrongDestination,
} from './draft-destination.ts'

/** An endpoint as a form holds it: what was typed, whether it fits or not. */
export interface Draft {
  url: string
  /** Where it goes instead of the address. */
  destination: DestinationDraft
  access: AccessDraft
  description: string
  allTypes: boolean
  types: string
  channels: string
  filter: string
  transformPayload: string
  transformHeaders: string
  transformPath: string
  dialect: Endpoint['dialect']
  ownSchedule: boolean
  schedule: string
  timeoutMs: string
  throttleRate: string
  maxInFlight: string
  ordering: Endpoint['ordering']
  priority: 'high' | 'normal' | 'low' | ''
  secret: string
}

export const dialects: readonly Endpoint['dialect'][] = [
  'standard',
  'whatsmeow',
  'zaphub',
  'device-status',
  'evolution',
  'agentes',
]

export function emptyDraft(): Draft {
  return {
    url: '',
    destination: overHttp,
    access: noAccess,
    description: '',
    allTypes: true,
    types: '',
    channels: '',
    filter: '',
    transformPayload: '',
    transformHeaders: '',
    transformPath: '',
    dialect: 'standard',
    ownSchedule: false,
    schedule: '',
    timeoutMs: '',
    throttleRate: '',
    maxInFlight: '',
    ordering: 'none',
    priority: '',
    secret: '',
  }
}

export function draftOf(endpoint: Endpoint): Draft {
  return {
    ...emptyDraft(),
    url: endpoint.destination ? '' : endpoint.url,
    destination: destinationDraftOf(endpoint.destination),
    access: accessDraftOf(endpoint),
    description: endpoint.description,
    allTypes: endpoint.eventTypes === null,
    types: (endpoint.eventTypes ?? []).join('\n'),
    channels: (endpoint.channels ?? []).join(', '),
    filter: endpoint.filter ?? '',
    transformPayload: endpoint.transform?.payload ?? '',
    transformHeaders: endpoint.transform?.headers ?? '',
    transformPath: endpoint.transform?.path ?? '',
    dialect: endpoint.dialect,
    ownSchedule: endpoint.retrySchedule !== null,
    schedule: (endpoint.retrySchedule ?? []).join(', '),
    timeoutMs: endpoint.timeoutMs === null ? '' : String(endpoint.timeoutMs),
    throttleRate: endpoint.throttleRate === null ? '' : String(endpoint.throttleRate),
    maxInFlight: String(endpoint.maxInFlight),
    ordering: endpoint.ordering,
    priority: endpoint.priority ?? '',
  }
}

/** The fields that do not fit, by what is wrong with them; Pombo judges the rest. */
export function wrongOf(draft: Draft): Partial<Record<keyof Draft, 'url' | 'number' | 'schedule'>> {
  const wrong: Partial<Record<keyof Draft, 'url' | 'number' | 'schedule'>> = {}
  if (draft.destination.kind === 'http' && !/^https?:\/\/[^/\s]+/i.test(draft.url.trim()))
    wrong.url = 'url'
  for (const name of ['timeoutMs', 'throttleRate', 'maxInFlight'] as const) {
    const text = draft[name].trim()
    if (text !== '' && !/^[1-9]\d*$/.test(text)) wrong[name] = 'number'
  }
  if (draft.ownSchedule && secondsOf(draft.schedule) === undefined) wrong.schedule = 'schedule'
  return wrong
}

/** Whether all of it fits, as far as it shows here. */
export function isFit(draft: Draft): boolean {
  const wrong = { ...wrongOf(draft), ...wrongAccess(draft.access) }
  return Object.keys({ ...wrong, ...wrongDestination(draft.destination) }).length === 0
}

/** `5, 60, 3600`; undefined: it is no list of seconds. */
export function secondsOf(text: string): number[] | undefined {
  const parts = listOf(text)
  return parts.every((one) => /^\d+(\.\d+)?$/.test(one)) ? parts.map(Number) : undefined
}

export function transformOf(draft: Draft): NonNullable<EndpointInput['transform']> {
  const { transformPayload: payload, transformHeaders: headers, transformPath: path } = draft
  return {
    ...(payload.trim() !== '' && { payload }),
    ...(headers.trim() !== '' && { headers }),
    ...(path.trim() !== '' && { path }),
  }
}

/** A secret is changed by rotating it. */
type Changes = Partial<Omit<EndpointInput, 'secret'>>

/** Of an endpoint that is there: only what was changed, so that what others changed meanwhile stays. */
export function changesOf(started: Draft, draft: Draft): Changes {
  const before = inputOf(started) as unknown as Record<string, unknown>
  const now = Object.entries(inputOf({ ...draft, secret: '' }))
  return Object.fromEntries(
    now.filter(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value)),
  ) as Changes
}

/** What is sent to Pombo. The secret goes along when there is one to set. */
export function inputOf(draft: Draft): EndpointInput {
  const transform = transformOf(draft)
  const number = (text: string): number | null => (text.trim() === '' ? null : Number(text))
  const channels = listOf(draft.channels)
  return {
    ...destinationInput(draft.destination, draft.url),
    ...accessInput(draft.access),
    description: draft.description,
    eventTypes: draft.allTypes ? null : listOf(draft.types),
    channels: channels.length === 0 ? null : channels,
    filter: draft.filter.trim() === '' ? null : draft.filter,
    transform: Object.keys(transform).length === 0 ? null : transform,
    dialect: draft.dialect,
    retrySchedule: draft.ownSchedule ? (secondsOf(draft.schedule) ?? []) : null,
    timeoutMs: number(draft.timeoutMs),
    throttleRate: number(draft.throttleRate),
    ...(draft.maxInFlight.trim() !== '' && { maxInFlight: Number(draft.maxInFlight) }),
    ordering: draft.ordering,
    priority: draft.priority === '' ? null : draft.priority,
    ...(draft.secret.trim() !== '' && { secret: draft.secret.trim() }),
  }
}
