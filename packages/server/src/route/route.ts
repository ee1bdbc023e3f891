/**
 * Routing decides which endpoints get a message, and why the others do not. Pure, but for the compiled filters it keeps
 * per endpoint.
 *
 * It promises that every endpoint of the app is accounted for: a target, discarded with a reason (disabled), or
 * counted by the reason it was passed over, so that a message that matched nobody says why.
 */
import type { ChatTest, CompileChatFilter } from '../core/chat-filter.ts'
import type { DialectName, Endpoint } from '../core/endpoint.ts'
import type { Message } from '../core/message.ts'
import { payloadValue } from '../core/raw-payload.ts'
import { iso } from '../core/clock.ts'
import type { ExpressionInput } from '../core/expression.ts'
import { showId } from '../core/id.ts'
import { compileFilter, type Filter } from './filter.ts'
import { say } from '../core/sentences/sentences.ts'

export interface Route {
  targets: Endpoint[]
  /** Would have got it, but may not: recorded, and can be recovered. */
  discarded: { endpoint: Endpoint; reason: string }[]
  /** Set when there is neither: why nobody matched. */
  unmatched: string | null
}

/** What other rooms know better. */
export interface RouteRules {
  /** What a dialect calls an event type; endpoints subscribe in their dialect's own words. */
  eventName(dialect: DialectName, eventType: string): string
  compileChatFilter: CompileChatFilter
}

/** What of an endpoint is compiled. */
interface Compiled {
  filter: Filter | null
  chat: ChatTest | null
}

// An endpoint object lives as long as the cache keeps it; what was compiled goes with it.
const compiledOnes = new WeakMap<Endpoint, Compiled>()
/** Of most nothing is: they would cost an entry each. */
const nothing: Compiled = { filter: null, chat: null }

function compiledOf(endpoint: Endpoint, { compileChatFilter }: RouteRules): Compiled {
  const { filter, chatFilter } = endpoint
  if (filter === null && chatFilter === null) return nothing
  let known = compiledOnes.get(endpoint)
  if (known) return known
  const compiled = filter === null ? null : compileFilter(filter)
  known = {
    // A filter is compiled before it is saved; one that no longer compiles (after an upgrade) matches nothing and
    // says so.
    filter:
      compiled === null
        ? null
        : compiled.ok
          ? compiled.filter
          : () => ({ matched: false, reason: compiled.problem }),
    chat: chatFilter === null ? null : compileChatFilter(chatFilter, true),
  }
  compiledOnes.set(endpoint, known)
  return known
}

/** Lists are short: nothing is made of them beforehand. */
function subscribes({ eventTypes }: Endpoint, name: string): boolean {
  if (eventTypes === null || eventTypes.length === 0) return true
  return eventTypes.some(
    (type) =>
      type === name ||
      type === '*' ||
      type === 'all' ||
      (type.endsWith('.*') && name.startsWith(type.slice(0, -1))),
  )
}

/** Why an endpoint is passed over. `reason`: what its filter says of it, where that says anything. */
export interface PassedOver {
  by: 'type' | 'channel' | 'chat' | 'filter'
  reason: string | null
}

const otherType: PassedOver = { by: 'type', reason: null }
const otherChannel: PassedOver = { by: 'channel', reason: null }

/** What is made of a message once for all endpoints, and only if one of them looks into it. */
class Looked {
  readonly message: Message
  #payload: { parsed: unknown } | undefined
  #input: ExpressionInput | undefined

  constructor(message: Message) {
    this.message = message
  }

  payload(): unknown {
    return (this.#payload ??= { parsed: payloadValue(this.message) }).parsed
  }

  input(): ExpressionInput {
    const { message } = this
    return (this.#input ??= {
      payload: this.payload(),
      eventType: message.eventType,
      channels: message.channels ?? [],
      tags: message.tags ?? [],
      messageId: showId('message', message.id),
      timestamp: iso(message.createdAtMs),
    })
  }
}

/** Why the endpoint's own settings leave a message out; null: they let it through. */
function passedOver(looked: Looked, endpoint: Endpoint, rules: RouteRules): PassedOver | null {
  const { message } = looked
  if (
    !subscribes(endpoint, message.eventType) &&
    !subscribes(endpoint, rules.eventName(endpoint.dialect, message.eventType))
  )
    return otherType
  const { channels } = endpoint
  if (channels?.length && !message.channels?.some((channel) => channels.includes(channel)))
    return otherChannel
  const { filter, chat } = compiledOf(endpoint, rules)
  if (chat && message.form === 'whatsapp' && message.payload !== null) {
    const reason = chat(looked.payload())
    if (reason !== null) return { by: 'chat', reason }
  }
  if (filter) {
    const { matched, reason } = filter(looked.input())
    if (!matched) return { by: 'filter', reason }
  }
  return null
}

/** For each endpoint, whether its settings as they are now would leave the message out, and why. */
export function judge(
  message: Message,
  endpoints: readonly Endpoint[],
  rules: RouteRules,
): (PassedOver | null)[] {
  const looked = new Looked(message)
  return endpoints.map((endpoint) => passedOver(looked, endpoint, rules))
}

/**
 * Routes one message over an app's endpoints.
 */
export function route(
  message: Message,
  endpoints: readonly Endpoint[],
  rules: RouteRules,
  onlyEndpointId?: string,
): Route {
  const result: Route = { targets: [], discarded: [], unmatched: null }
  const passed = { type: 0, channel: 0, chat: 0, filter: 0, only: 0 }
  let filterReason: string | null = null
  let chatReason: string | null = null
  const looked = new Looked(message)
  for (const endpoint of endpoints) {
    if (onlyEndpointId !== undefined) {
      if (endpoint.id === onlyEndpointId) result.targets.push(endpoint)
      else passed.only += 1
      continue
    }
    const why = passedOver(looked, endpoint, rules)
    if (why !== null) {
      passed[why.by] += 1
      if (why.by === 'filter') filterReason ??= why.reason
      if (why.by === 'chat') chatReason ??= why.reason
    } else if (endpoint.disabled)
      result.discarded.push({ endpoint, reason: say('not_sent_disabled') })
    else result.targets.push(endpoint)
  }
  if (result.targets.length === 0 && result.discarded.length === 0)
    result.unmatched = reasons(endpoints.length, passed, filterReason, chatReason)
  return result
}

function reasons(
  total: number,
  passed: { type: number; channel: number; chat: number; filter: number; only: number },
  filterReason: string | null,
  chatReason: string | null,
): string {
  if (total === 0) return 'the app has no endpoints'
  if (passed.only > 0) return 'the endpoint it was meant for is gone'
  const parts: string[] = []
  if (passed.type > 0) parts.push(`${passed.type} not subscribed to this event type`)
  if (passed.channel > 0) parts.push(`${passed.channel} on other channels`)
  if (passed.chat > 0)
    parts.push(`${passed.chat} excluded by their chat filter (${chatReason?.replace('_', ' ')})`)
  if (passed.filter > 0)
    parts.push(
      `${passed.filter} excluded by their filter${filterReason ? ` (${filterReason})` : ''}`,
    )
  return `no endpoint matched: ${parts.join(', ')}`
}
