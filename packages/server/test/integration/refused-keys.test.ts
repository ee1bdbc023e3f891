// What a request without a valid key is told: how this path takes one, in the words and the header of its 401.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../../src/api/dialects/reference.ts'
import type { DialectName } from '../../src/core/endpoint.ts'
import { dialects } from '../../src/dialects/dialects.ts'
import { type TestPombo, startPombo } from '../support/pombo-app.ts'

let pombo: TestPombo
beforeAll(async () => {
  pombo = await startPombo({ POMBO_METRICS_TOKEN: 'scrape-me-0123456789' })
})
afterAll(async () => await pombo?.stop())

type Headers = Record<string, string>

const bearer = (key: string): Headers => ({ authorization: `Bearer ${key}` })
const basic = (text: string): Headers => ({ authorization: `Basic ${btoa(text)}` })

/** By the dialect: what its 401 says, and the ways of presenting a key that it so names. */
const forms: Record<
  Exclude<DialectName, 'standard'>,
  { says: string; challenge: string; presented: ((key: string) => Headers)[] }
> = {
  whatsmeow: {
    says: 'send "Authorization: Bearer <key>", or "Authorization: <key>".',
    challenge: 'Bearer',
    presented: [bearer, (key) => ({ authorization: key })],
  },
  zaphub: {
    says: 'send "Authorization: Bearer <key>", or "Authorization: <key>".',
    challenge: 'Bearer',
    presented: [bearer, (key) => ({ authorization: key })],
  },
  'device-status': {
    says: 'send "Authorization: Basic <base64 of any-name:key, or of the key alone>".',
    challenge: 'Basic realm="Pombo"',
    presented: [basic, (key) => basic(`any-name:${key}`)],
  },
  evolution: {
    says: 'send "apikey: <key>", or "Authorization: Bearer <key>".',
    challenge: 'Bearer',
    presented: [(apikey) => ({ apikey }), bearer],
  },
  agentes: {
    says: 'send "Authorization: Bearer <key>", or "Authorization: <key>".',
    challenge: 'Bearer',
    presented: [bearer, (key) => ({ authorization: key })],
  },
}

/** Gateways' events, by a source's token. */
const intake = /^POST \/evolution/
const open = new Set(['GET /api/docs', 'GET /api/webhooks/health'])

describe.each(Object.entries(forms))('%s', (name, { says, challenge, presented }) => {
  const dialect = dialects.get(name as DialectName)!
  const ways = async () =>
    (await routesOf(dialect))
      .map(({ method, path }) => ({ name: `${method} ${path}`, method, path }))
      .filter((one) => !open.has(one.name))
      .map((one) => ({ ...one, path: one.path.replaceAll(/\{\w+\}/g, 'x') }))

  test('every request without a valid key is told in the dialect’s form how to present one', async () => {
    for (const { name: route, method, path } of await ways()) {
      const code = intake.test(route) ? 'ingest_unauthorised' : 'authentication_failed'
      const told = intake.test(route) ? '"Authorization: Bearer"' : says
      for (const headers of [{}, ...presented.map((present) => present('unknown'))]) {
        const answer = await pombo.call(method, path, { headers })
        expect([route, answer.status, answer.headers.get('www-authenticate')]).toEqual([
          route,
          401,
          challenge,
        ])
        if (method === 'HEAD') continue
        const refusal = { status: 401, code, message: 'THE MESSAGE', problems: [] }
        const form = JSON.stringify(dialect.routes!.refusal(refusal))
        const message = Object.values<unknown>(answer.body).find((one) =>
          String(one).startsWith('No valid'),
        )
        expect([route, message]).toEqual([route, expect.stringContaining(told)])
        expect(answer.text.replaceAll(JSON.stringify(message), '"THE MESSAGE"')).toBe(form)
      }
    }
  })

  test('every way that is named lets in', async () => {
    for (const { name: route, method, path } of await ways()) {
      if (method !== 'GET') continue
      for (const present of presented) {
        const { status } = await pombo.call(method, path, { headers: present(pombo.key) })
        expect([route, status === 401]).toEqual([route, false])
      }
    }
  })
})

test('every request of the native API is told of Bearer, also where the key came in another form', async () => {
  const { paths } = (await pombo.api('GET', '/openapi.json')).body as {
    paths: Record<string, Record<string, { security?: unknown[] }>>
  }
  let asked = 0
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { security }] of Object.entries(methods)) {
      if (security?.length === 0) continue
      for (const headers of [{}, basic(`x:${pombo.key}`), bearer('unknown')]) {
        const there = path.replaceAll(/\{\w+\}/g, 'x')
        const answer = await pombo.call(method.toUpperCase(), there, { headers })
        expect([path, answer.status, answer.headers.get('www-authenticate')]).toEqual([
          path,
          401,
          'Bearer',
        ])
        expect(answer.body.detail).toMatch(
          /^No valid API key: send "Authorization: Bearer <key>"\. \S/,
        )
        asked += 1
      }
    }
  expect(asked).toBeGreaterThan(300)
})

test('who signs in with a key that does not count is told where the key goes', async () => {
  const answer = await pombo.call('POST', '/api/v1/auth/session', { body: { token: 'unknown' } })
  expect(answer).toMatchObject({
    status: 401,
    body: {
      code: 'authentication_failed',
      detail: 'No valid API key: send it as "token" in the body. This key is not known.',
    },
  })
})

test('a scrape without the token is told of Bearer and of the variable', async () => {
  const answer = await pombo.call('GET', '/metrics', { headers: bearer(pombo.key) })
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  expect(answer.body.detail).toContain('POMBO_METRICS_TOKEN')
})
