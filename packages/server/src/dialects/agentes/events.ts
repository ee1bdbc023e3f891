/** The sixteen event types, and which of them the canonical WhatsApp events are. */
import { catalogueOf } from '../contract/catalogue.ts'
import { everyLoss } from '../contract/losses.ts'
import type { EventType } from '../../whatsapp/whatsapp.ts'
import type { CatalogueEvent } from '../contract/dialect.ts'

export const catalogue: readonly CatalogueEvent[] = catalogueOf({
  user: [
    ['user.registered', 'A user registered'],
    ['user.updated', 'A user changed'],
  ],
  payment: [
    ['payment.confirmed', 'A payment was confirmed'],
    ['payment.failed', 'A payment failed'],
  ],
  integration: [
    ['integration.whatsapp.connected', 'A WhatsApp account was connected'],
    ['integration.openai.connected', 'An OpenAI account was connected'],
    ['integration.disconnected', 'An integration lost its connection'],
  ],
  agent: [
    ['agent.created', 'An agent was created'],
    ['agent.updated', 'An agent changed'],
    ['agent.deleted', 'An agent was removed'],
  ],
  template: [['template.applied', 'A template was applied to an agent']],
  conversation: [
    ['conversation.created', 'A conversation began'],
    ['conversation.message.added', 'A message was added to a conversation'],
    ['conversation.ended', 'A conversation ended'],
  ],
  onboarding: [
    ['onboarding.step.completed', 'A step of the onboarding was completed'],
    ['onboarding.completed', 'The onboarding was completed'],
  ],
})

const names: { readonly [Type in EventType]?: string } = {
  'message.received': 'conversation.message.added',
  'message.sent': 'conversation.message.added',
  'chat.created': 'conversation.created',
  'session.connected': 'integration.whatsapp.connected',
  ...everyLoss('integration.disconnected'),
}

export function eventName(type: string): string {
  return names[type as EventType] ?? type
}
