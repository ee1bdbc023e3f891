/** The sixteen event types, and which of them the canonical WhatsApp events are. */
import type { EventType } from '../../whatsapp/whatsapp.ts'
import type { CatalogueEvent } from '../contract/dialect.ts'

export const catalogue: readonly CatalogueEvent[] = [
  { name: 'user.registered', category: 'user', description: 'A user registered' },
  { name: 'user.updated', category: 'user', description: 'A user changed' },
  { name: 'payment.confirmed', category: 'payment', description: 'A payment was confirmed' },
  { name: 'payment.failed', category: 'payment', description: 'A payment failed' },
  {
    name: 'integration.whatsapp.connected',
    category: 'integration',
    description: 'A WhatsApp account was connected',
  },
  {
    name: 'integration.openai.connected',
    category: 'integration',
    description: 'An OpenAI account was connected',
  },
  {
    name: 'integration.disconnected',
    category: 'integration',
    description: 'An integration lost its connection',
  },
  { name: 'agent.created', category: 'agent', description: 'An agent was created' },
  { name: 'agent.updated', category: 'agent', description: 'An agent changed' },
  { name: 'agent.deleted', category: 'agent', description: 'An agent was removed' },
  {
    name: 'template.applied',
    category: 'template',
    description: 'A template was applied to an agent',
  },
  {
    name: 'conversation.created',
    category: 'conversation',
    description: 'A conversation began',
  },
  {
    name: 'conversation.message.added',
    category: 'conversation',
    description: 'A message was added to a conversation',
  },
  { name: 'conversation.ended', category: 'conversation', description: 'A conversation ended' },
  {
    name: 'onboarding.step.completed',
    category: 'onboarding',
    description: 'A step of the onboarding was completed',
  },
  {
    name: 'onboarding.completed',
    category: 'onboarding',
    description: 'The onboarding was completed',
  },
]

const names: { readonly [Type in EventType]?: string } = {
  'message.received': 'conversation.message.added',
  'message.sent': 'conversation.message.added',
  'chat.created': 'conversation.created',
  'session.connected': 'integration.whatsapp.connected',
  'session.disconnected': 'integration.disconnected',
  'session.logged_out': 'integration.disconnected',
  'session.replaced': 'integration.disconnected',
  'session.banned': 'integration.disconnected',
  'session.connect_failed': 'integration.disconnected',
  'session.outdated': 'integration.disconnected',
  'session.stream_error': 'integration.disconnected',
}

export function eventName(type: string): string {
  return names[type as EventType] ?? type
}
