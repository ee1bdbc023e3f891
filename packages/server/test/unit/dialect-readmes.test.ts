// The receivers that the READMEs of the dialects show, run as they stand there.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { DialectName } from '../../src/core/endpoint.ts'
import { parseOpaqueSecret } from '../../src/core/secret.ts'
import { dialectOf } from '../../src/dialects/dialects.ts'
import { endpointOf, outgoing, type Sample, samplesOf } from '../support/dialect-samples.ts'
import { shownCode } from '../support/shown-code.ts'

type Verify = (
  body: Buffer,
  headers: Record<string, string>,
  secret: string,
  nowSeconds?: number,
) => boolean

const secret = 'segredo: ação!'
const names: DialectName[] = ['whatsmeow', 'zaphub', 'device-status', 'evolution', 'agentes']

function readme(name: DialectName): string {
  return readFileSync(new URL(`../../src/dialects/${name}/README.md`, import.meta.url), 'utf8')
}

/** What a receiver gets of a sample. */
function received(name: DialectName, sample: Sample) {
  const parsed = parseOpaqueSecret(secret)
  if (!parsed.ok) throw new Error(parsed.problem)
  const [dialect, event, endpoint] = [dialectOf(name), outgoing(sample), endpointOf(name)]
  const body = dialect.format(event, endpoint)
  const headers = {
    ...dialect.headers(event, endpoint),
    ...dialect.sign(event, endpoint, body, [parsed.secret]),
  }
  const lower = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])
  return {
    body: Buffer.from(body),
    headers: Object.fromEntries(lower) as Record<string, string>,
    nowSeconds: event.nowMs / 1_000,
  }
}

describe.each(names)('%s', (name) => {
  test('its README’s receiver takes what Pombo sends, and refuses everything else without failing', async () => {
    const { verify } = (await shownCode(readme(name), 'verify')) as { verify: Verify }
    for (const sample of samplesOf(name)) {
      const { body, headers, nowSeconds } = received(name, sample)
      const signed = Object.keys(headers).find((key) => key.endsWith('signature'))!
      const tried = (changes: Record<string, string>, bytes = body, key = secret) =>
        verify(bytes, { ...headers, ...changes }, key, nowSeconds + 60)
      expect(tried({})).toBe(true)
      expect(tried({}, Buffer.concat([body, Buffer.from(' ')]))).toBe(false)
      expect(tried({}, body, 'outro')).toBe(false)
      expect(tried({ [signed]: headers[signed]!.slice(1) })).toBe(false)
      expect(tried({ [signed]: 'é' })).toBe(false)
      expect(verify(body, {}, secret, nowSeconds)).toBe(false)
    }
  })

  test('its README leads to the page with every line of its document', () => {
    expect(readme(name)).toContain(`(../../../../../docs/reference/dialects.md#${name})`)
  })
})

test('the receiver of agentes refuses what was signed long ago, which the document’s takes', async () => {
  const { verify } = (await shownCode(readme('agentes'), 'verify')) as { verify: Verify }
  const { body, headers, nowSeconds } = received('agentes', samplesOf('agentes')[0]!)
  expect(verify(body, headers, secret, nowSeconds + 299)).toBe(true)
  expect(verify(body, headers, secret, nowSeconds + 302)).toBe(false)
})
