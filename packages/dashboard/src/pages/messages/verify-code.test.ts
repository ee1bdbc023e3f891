import { createHmac, timingSafeEqual } from 'node:crypto'
import { expect, test } from 'vitest'
import { verifyCode } from './verify-code.ts'

type Signature = Parameters<typeof verifyCode>[0]

/** The shown lines, run on a request. */
function check(
  signature: Signature,
  headers: Record<string, string>,
  body: string,
  secret: string,
) {
  const lines = verifyCode(signature).replace(/^import .*$/m, '')
  const names = ['createHmac', 'timingSafeEqual', 'headers', 'body', 'process']
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- what is shown is what is tested
  const run = new Function(...names, `${lines}\nreturn ok`) as (...given: unknown[]) => boolean
  return run(createHmac, timingSafeEqual, headers, body, { env: { SECRET: secret } })
}

test('the shown check of Standard Webhooks takes what is signed and refuses what is not', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const body = '{"text":"Olá"}'
  const signature: Signature = {
    header: 'webhook-signature',
    value: null,
    prefix: 'v1,',
    encoding: 'base64',
    content: '{webhook-id}.{webhook-timestamp}.{body}',
    key: 'base64',
  }
  const mac = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`msg_1.1700000000.${body}`)
    .digest('base64')
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': '1700000000',
    'webhook-signature': `v1,${'x'.repeat(44)} v1,${mac}`,
  }
  expect(check(signature, headers, body, secret)).toBe(true)
  expect(check(signature, headers, `${body} `, secret)).toBe(false)
})

test('the shown check of a hexadecimal signature over the body alone does too', () => {
  const signature: Signature = {
    header: 'x-webhook-signature',
    value: null,
    prefix: 'sha256=',
    encoding: 'hex',
    content: '{body}',
    key: 'text',
  }
  const mac = createHmac('sha256', 'whsec_text').update('{}').digest('hex')
  const headers = { 'x-webhook-signature': `sha256=${mac}` }
  expect(check(signature, headers, '{}', 'whsec_text')).toBe(true)
  expect(check(signature, headers, '{}', 'other')).toBe(false)
})
