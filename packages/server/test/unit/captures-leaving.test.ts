// Every capture goes through its gateway's source, and what it becomes leaves in each dialect: the whole request,
// byte for byte, as in test/golden/<dialect>/<gateway and version>.http. UPDATE_GOLDEN=1 writes them anew: read the
// difference before committing it.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type DialectName, dialectNames } from '../../src/core/endpoint.ts'
import { parseOpaqueSecret, parseSecret } from '../../src/core/secret.ts'
import { dialectOf, dialects } from '../../src/dialects/dialects.ts'
import { gateways } from '../../src/sources/gateways.ts'
import { messageOf, unknownMessage } from '../../src/sources/intake/message.ts'
import type { Source } from '../../src/sources/intake/settings.ts'
import { gatewayRequest } from '../support/gateway-request.ts'
import { type Capture, captures, recordedAtMs } from '../support/captures.ts'
import { endpointOf, outgoing } from '../support/dialect-samples.ts'

const root = join(import.meta.dirname, '../golden')
const all = captures()
const folders = [...new Set(all.map(({ name }) => dirname(name)))]

/** What the intake stores of a capture, for a source that lets everything through. */
async function messagesOf({ gateway, path, headers, body }: Capture) {
  const source = { gateway, tenantId: 'tenant', dedupeSeconds: 60 } as Source
  const parsed = await gateways
    .get(gateway)!
    .parse(
      gatewayRequest({ headers, rawBody: Buffer.from(body), ...path, receivedAtMs: recordedAtMs }),
    )
  if (parsed.outcome === 'unknown') return [unknownMessage(parsed, source, 'app')]
  return parsed.outcome === 'events'
    ? parsed.events.map((event) => messageOf(event, source, 'app'))
    : []
}

function secretOf(name: DialectName) {
  const read =
    name === 'standard'
      ? parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
      : parseOpaqueSecret('segredo-de-teste-0123456789')
  if (!read.ok) throw new Error(read.problem)
  return read.secret
}

/** In the form of a `.http` file; a body that is no line of its own could not be told from what follows. */
async function requests(name: DialectName, capture: Capture): Promise<string> {
  const dialect = dialectOf(name)
  const endpoint = endpointOf(name)
  const texts = (await messagesOf(capture)).map(({ eventType, payload, form, tags }) => {
    const event = outgoing({
      provenance: capture.name,
      eventType,
      form: form ?? null,
      payloadText: payload,
      message: { tags: tags ?? null },
    })
    const body = dialect.format(event, endpoint)
    expect(body).not.toContain('\n')
    const headers = {
      'content-type': 'application/json',
      ...dialect.headers(event, endpoint),
      ...dialect.sign(event, endpoint, body, [secretOf(name)]),
    }
    const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`)
    const url = dialect.url?.(event, endpoint) ?? endpoint.url
    return `# ${dialect.eventName(eventType)}\nPOST ${url}\n${lines.join('\n')}\n\n${body}\n`
  })
  const what = texts.length > 0 ? texts.join('\n') : '# nothing leaves\n'
  return `### ${capture.name.slice(dirname(capture.name).length + 1)}\n${what}`
}

test('all six dialects are there, with a golden file for every gateway and version, and no other', () => {
  expect([...dialects.keys()].toSorted()).toEqual([...dialectNames].toSorted())
  expect(readdirSync(root).toSorted()).toEqual([...dialectNames].toSorted())
  for (const name of dialectNames)
    expect(readdirSync(join(root, name)).toSorted()).toEqual(
      folders.map((folder) => `${folder}.http`),
    )
})

describe.each(dialectNames)('%s', (name) => {
  test.each(folders)(
    'every request of %s leaves as in its golden file, byte for byte',
    async (folder) => {
      const texts: string[] = []
      for (const capture of all.filter((one) => dirname(one.name) === folder))
        texts.push(await requests(name, capture))
      const leaving = texts.join('\n')
      const file = join(root, name, `${folder}.http`)
      if (process.env['UPDATE_GOLDEN']) {
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, leaving)
      }
      if (!existsSync(file)) throw new Error(`there is no ${file}; run with UPDATE_GOLDEN=1`)
      expect(leaving).toBe(readFileSync(file, 'utf8'))
    },
  )
})

test('in the native format the body is the canonical event of the capture’s own golden file', async () => {
  for (const capture of all) {
    const bodies = (await requests('standard', capture))
      .split('\n')
      .filter((line) => line.startsWith('{'))
    const { golden } = capture
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual(
      golden.outcome === 'events'
        ? golden.events
        : golden.outcome === 'unknown'
          ? [golden.body]
          : [],
    )
  }
})
