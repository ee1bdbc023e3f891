import { expect, test } from 'vitest'
import { withoutKeys } from './hidden-keys.ts'

test.each([
  ['https://hooks.slack.com/services/T000/B000/kept', 'https://hooks.slack.com/services/…'],
  ['https://discord.com/api/webhooks/1042/kept', 'https://discord.com/api/webhooks/1042/…'],
  [
    'https://discord.com/api/v10/webhooks/1042/kept?wait=true',
    'https://discord.com/api/v10/webhooks/1042/…?wait=true',
  ],
  ['https://api.telegram.org/bot123:kept/sendMessage', 'https://api.telegram.org/bot…/sendMessage'],
  [
    'https://a.webhook.office.com/webhookb2/a@b/IncomingWebhook/kept',
    'https://a.webhook.office.com/webhookb2/…',
  ],
  [
    'https://prod-1.logic.azure.com/x/invoke?sv=1.0&sig=kept',
    'https://prod-1.logic.azure.com/x/invoke?sv=1.0&sig=…',
  ],
  ['https://hooks.zapier.com/hooks/catch/1/kept/', 'https://hooks.zapier.com/hooks/catch/…'],
  ['https://hook.eu2.make.com/kept', 'https://hook.eu2.make.com/…'],
  ['https://example.com/hook?token=kept&shop=7', 'https://example.com/hook?token=…&shop=7'],
])('what opens %s is not shown', (address, shown) => {
  expect(withoutKeys(address)).toBe(shown)
})

test('an address that opens nothing stays as it is', () => {
  for (const address of ['https://example.com/bot/webhooks/7', 'https://api.example.com/robots/12'])
    expect(withoutKeys(address)).toBe(address)
})
