import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { gatewayRequest } from '../../../test/support/gateway-request.ts'
import { bearer, verifyHmac, verifyJwt } from './signature.ts'
import type { GatewayRequest } from './gateway.ts'

const secret = 'segredo'
const nowMs = Date.UTC(2025, 10, 7, 10, 10)

function request(headers: Record<string, string>, body = '{"a":1.0}'): GatewayRequest {
  return gatewayRequest({ headers, rawBody: Buffer.from(body), receivedAtMs: nowMs })
}

const good = createHmac('sha256', secret).update('{"a":1.0}').digest('hex')

test.each([
  [good, 'ok'],
  [`sha256=${good}`, 'ok'],
  [good.toUpperCase(), 'ok'],
  [good.replace(/.$/, (last) => (last === '0' ? '1' : '0')), 'bad'],
  [good.slice(0, -2), 'bad'],
  [`sha512=${good}`, 'bad'],
  ['', 'absent'],
])('a signature %s is %s', (signature, verdict) => {
  expect(verifyHmac(request({ 'x-signature': signature }), 'x-signature', secret)).toBe(verdict)
})

test('a signature is over the bytes, not over what they mean', () => {
  expect(verifyHmac(request({ 'x-signature': good }, '{"a":1}'), 'x-signature', secret)).toBe('bad')
})

function jwt(payload: object, head: object = { alg: 'HS256', typ: 'JWT' }, key = secret): string {
  const signed = [head, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

const claims = { app: 'evolution', action: 'webhook' }
const seconds = nowMs / 1000
const fresh = { ...claims, iat: seconds, exp: seconds + 600 }

test.each([
  ['a fresh one', jwt(fresh), 'ok'],
  [
    'one that expired within the minute that clocks may differ',
    jwt({ ...fresh, exp: seconds - 59 }),
    'ok',
  ],
  ['an expired one', jwt({ ...fresh, exp: seconds - 61 }), 'bad'],
  ['one that never expires', jwt(claims), 'bad'],
  ['one for another action', jwt({ ...fresh, action: 'login' }), 'bad'],
  ['one by another key', jwt(fresh, undefined, 'outro'), 'bad'],
  ['one that says it needs no signature', jwt(fresh, { alg: 'none' }), 'bad'],
  ['one that names another algorithm', jwt(fresh, { alg: 'HS512' }), 'bad'],
  ['one with its signature cut off', jwt(fresh).replace(/[^.]+$/, ''), 'bad'],
  ['one of five parts', `${jwt(fresh)}.x.y`, 'bad'],
  ['no token at all', 'Bearer', 'bad'],
])('of JWTs, %s is judged rightly', (_, token, verdict) => {
  expect(verifyJwt(token, secret, nowMs, claims)).toBe(verdict)
})

test('only a bearer token is taken from the header', () => {
  expect(bearer(request({ authorization: 'Bearer a.b.c' }))).toBe('a.b.c')
  expect(bearer(request({ authorization: 'bearer a.b.c' }))).toBe('a.b.c')
  expect(bearer(request({ authorization: 'Basic YQ==' }))).toBeUndefined()
  expect(bearer(request({}))).toBeUndefined()
})
