// Every capture's events as they leave in each dialect, compared with golden files: test/golden/<dialect>/<gateway and version>.json.
// UPDATE_GOLDEN=1 writes them anew: read the difference before committing it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dialectNames } from '../../src/core/endpoint.ts'
import { dialectOf, dialects } from '../../src/dialects/dialects.ts'
import { type Capture, captures } from '../support/captures.ts'
import { endpointOf, outgoing, type Sample } from '../support/dialect-samples.ts'

interface Leaving {
  event: string
  url?: string
  headers?: Record<string, string>
  body: unknown
}

const root = join(import.meta.dirname, '../golden')
const all = captures()
const folders = [...new Set(all.map(({ name }) => dirname(name)))]

/** What the intake makes of a capture, as a dialect gets it. */
function samplesOf({ name, gateway, golden }: Capture): Sample[] {
  if (golden.outcome === 'unknown')
    return [{ provenance: name, eventType: `${gateway}.unknown`, form: null, payload: golden.body }]
  if (golden.outcome === 'messages') return []
  return golden.events.map((payload) => ({
    provenance: name,
    eventType: payload.type,
    form: 'whatsapp',
    payload,
  }))
}

test('all six dialects are there', () => {
  expect([...dialects.keys()].toSorted()).toEqual([...dialectNames].toSorted())
})

describe.each(dialectNames)('%s', (name) => {
  const dialect = dialectOf(name)
  const endpoint = endpointOf(name)

  test.each(folders)('gives what the golden file says of %s', (folder) => {
    const texts: string[] = []
    const leaving: Record<string, Leaving[]> = {}
    for (const capture of all.filter((one) => dirname(one.name) === folder)) {
      leaving[capture.name.slice(folder.length + 1)] = samplesOf(capture).map((sample) => {
        const event = outgoing(sample)
        const body = dialect.format(event, endpoint)
        texts.push(body)
        const url = dialect.url?.(event, endpoint)
        const headers = dialect.headers(event, endpoint)
        // The native form is the event itself, which the capture's own golden file holds.
        if (name === 'standard') expect(JSON.parse(body)).toEqual(sample.payload)
        return {
          event: dialect.eventName(sample.eventType),
          ...(url === undefined || url === endpoint.url ? {} : { url }),
          ...(Object.keys(headers).length > 0 ? { headers } : {}),
          body: JSON.parse(body) as unknown,
        }
      })
    }
    if (name === 'standard') return
    const file = join(root, name, `${folder}.json`)
    if (process.env['UPDATE_GOLDEN']) {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `${JSON.stringify(leaving, null, 1)}\n`)
    }
    if (!existsSync(file)) throw new Error(`there is no ${file}; run with UPDATE_GOLDEN=1`)
    const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Leaving[]>
    expect(leaving).toEqual(golden)
    // To the byte: the order of members is part of what is signed.
    expect(texts).toEqual(
      Object.values(golden)
        .flat()
        .map(({ body }) => JSON.stringify(body)),
    )
  })
})
