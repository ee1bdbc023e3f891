import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { gatewayRequest } from '../../../test/support/gateway-request.ts'
import { twilioWhatsApp } from './twilio-whatsapp.ts'

// The form of Twilio's page on webhook security is checked in signed/signed.test.ts; here, that a WhatsApp message is
// signed the same way: over the address and each field, sorted by name.
const fields = {
  MessageSid: 'SM1',
  From: 'whatsapp:+5511999990001',
  To: 'whatsapp:+551130000000',
  Body: 'Olá & até',
}
const url = 'https://pombo.example/ingest/twilio-whatsapp/loja?token=t'
const sorted = `BodyOlá & atéFrom${fields.From}MessageSidSM1To${fields.To}`
const signature = createHmac('sha1', 'auth token')
  .update(url + sorted)
  .digest('base64')

function request(form: Record<string, string>) {
  return gatewayRequest({
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signature,
    },
    rawBody: Buffer.from(new URLSearchParams(form).toString()),
  })
}

test('a message that Twilio signed is taken, and one with another word in it or another secret is not', async () => {
  expect(await twilioWhatsApp.verify(request(fields), 'auth token')).toBe('ok')
  expect(await twilioWhatsApp.verify(request({ ...fields, Body: 'Olá' }), 'auth token')).toBe('bad')
  expect(await twilioWhatsApp.verify(request(fields), 'another')).toBe('bad')
})

test('Twilio gets an empty answer in its own language', async () => {
  expect(await twilioWhatsApp.answer!(request(fields))).toMatchObject({ body: '<Response/>' })
})
