/**
 * Webhooks of other services: Stripe, GitHub and their like by presets (presets/), and any other by settings of its
 * own. Each is a source of plain messages: the body to the byte, a type, an id by which a repeat is known.
 */
import { say } from '../../core/sentences/sentences.ts'
import type { GatewaySource } from '../gateway/gateway.ts'
import { messagesOf, type Preset, proofOf, sourceOfPreset } from './preset.ts'
import { business } from './presets/business.ts'
import { code } from './presets/code.ts'
import { messaging } from './presets/messaging.ts'
import { payments } from './presets/payments.ts'
import { readerOf } from '../gateway/reader.ts'
import { verifyScheme } from '../gateway/verify-scheme.ts'

export const presets: readonly Preset[] = [...code, ...payments, ...messaging, ...business]

/** Any sender, as its source's `webhook` settings say. */
const webhook: GatewaySource = {
  name: 'webhook',
  bySettings: true,
  absent: 'what proves the sender is missing',
  async verify(request, secret) {
    const scheme = request.settings?.verification
    if (!scheme) return { refused: say('verification_missing') }
    const verdict = await verifyScheme(scheme, await readerOf(request), secret)
    return verdict === 'absent' ? { refused: `${proofOf(scheme)} is missing` } : verdict
  },
  async parse(request) {
    const { eventType, eventTypePrefix, eventId, orderingKey, list } = request.settings ?? {}
    return messagesOf(
      {
        name: 'webhook',
        prefix: eventTypePrefix ?? (eventType ? '' : 'webhook.'),
        type: eventType ? [eventType] : [],
        id: eventId ? [eventId] : [],
        ...(orderingKey && { order: orderingKey }),
        ...(list !== undefined && { list }),
      },
      await readerOf(request),
    )
  },
}

export const signedSources: readonly GatewaySource[] = [...presets.map(sourceOfPreset), webhook]
