/**
 * Routing decides which endpoints get a message, and why the others do not. Pure, but for the compiled matchers it
 * keeps per endpoint.
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

interface Matcher {
  all: boolean
  names: Set<string>
  prefixes: string[]
  channels: Set<string> | null
  filter: Filter | null
  chat: ChatTest | null
}

// An endpoint object lives as long as the cache keeps it; its matcher goes with it.
const matchers = new WeakMap<Endpoint, Matcher>()

function matcherOf(endpoint: Endpoint, { compileChatFilter }: RouteRules): Matcher {
  let matcher = matchers.get(endpoint)
  if (matcher) return matcher
  const types = endpoint.eventTypes
  const compiled = endpoint.filter === null ? null : compileFilter(endpoint.filter)
  matcher = {
    all: types === null || types.length === 0 || types.includes('*') || types.includes('all'),
    names: new Set(types ?? []),
    prefixes: (types ?? []).filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1)),
    channels: endpoint.channels && endpoint.channels.length > 0 ? new Set(endpoint.channels) : null,
    // A filter is compiled before it is saved; one that no longer compiles (after an upgrade) matches nothing and
    // says so.
    filter:
      compiled === null
        ? null
        : compiled.ok
          ? compiled.filter
          : () => ({ matched: false, reason: compiled.problem }),
    chat: endpoint.chatFilter === null ? null : compileChatFilter(endpoint.chatFilter, true),
  }
  matchers.set(endpoint, matcher)
  return matcher
}

function subscribes(matcher: Matcher, name: string): boolean {
  return (
    matcher.all ||
    matcher.names.has(name) ||
    matcher.prefixes.some((prefix) => name.startsWith(prefix))
  )
}

/**
 * Routes one message over an app's endpoints.
 * @param onlyEndpointId restricts the message to one endpoint, whatever that subscribed to (examples and tests)
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
  let payload: { parsed: unknown } | undefined
  // Once for all endpoints, and only if one of them looks into it.
  const parsed = (): unknown =>
    (payload ??= {
      parsed: payloadValue(message),
    }).parsed
  let input: ExpressionInput | undefined
  for (const endpoint of endpoints) {
    if (onlyEndpointId !== undefined) {
      if (endpoint.id === onlyEndpointId) result.targets.push(endpoint)
      else passed.only += 1
      continue
    }
    const matcher = matcherOf(endpoint, rules)
    if (
      !subscribes(matcher, message.eventType) &&
      !subscribes(matcher, rules.eventName(endpoint.dialect, message.eventType))
    ) {
      passed.type += 1
      continue
    }
    if (matcher.channels && !message.channels?.some((channel) => matcher.channels!.has(channel))) {
      passed.channel += 1
      continue
    }
    if (matcher.chat && message.form === 'whatsapp' && message.payload !== null) {
      const reason = matcher.chat(parsed())
      if (reason !== null) {
        passed.chat += 1
        chatReason ??= reason
        continue
      }
    }
    if (matcher.filter) {
      input ??= {
        payload: parsed(),
        eventType: message.eventType,
        channels: message.channels ?? [],
        tags: message.tags ?? [],
        messageId: showId('message', message.id),
        timestamp: iso(message.createdAtMs),
      }
      const verdict = matcher.filter(input)
      if (!verdict.matched) {
        passed.filter += 1
        filterReason ??= verdict.reason
        continue
      }
    }
    if (endpoint.disabled)
      result.discarded.push({ endpoint, reason: 'not sent: endpoint disabled' })
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
