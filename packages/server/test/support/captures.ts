/** The recorded-form requests of test/captures, and what is to become of them. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gateways } from '../../src/sources/gateways.ts'
import type { Parsed } from '../../src/sources/gateway/gateway.ts'

export interface Capture {
  /** `evolution-2.3.7/qrcode-updated`. */
  name: string
  gateway: string
  path: { session: string | null; event: string | null }
  headers: Record<string, string>
  secret: string | undefined
  body: string
  golden: Parsed
}

const root = join(import.meta.dirname, '../captures')

/** The time of receipt in the golden files. */
export const recordedAtMs = Date.UTC(2025, 10, 7, 10, 10, 5)

export function captures(): Capture[] {
  const files = globSync('*/*.json', { cwd: root }).filter((file) => !file.endsWith('.golden.json'))
  return files.toSorted().map((file) => {
    const { body, bodyText, ...rest } = JSON.parse(readFileSync(join(root, file), 'utf8')) as Pick<
      Capture,
      'path' | 'headers' | 'secret'
    > & { body?: unknown; bodyText?: string }
    const golden = readFileSync(join(root, file.replace(/\.json$/, '.golden.json')), 'utf8')
    return {
      ...rest,
      name: file.slice(0, -'.json'.length),
      gateway: gatewayOf(dirname(file)),
      body: bodyText ?? JSON.stringify(body),
      golden: JSON.parse(golden) as Parsed,
    }
  })
}

export function capture(name: string): Capture {
  return captures().find((one) => one.name === name)!
}

/** The longest name of a gateway that the folder's begins with. */
function gatewayOf(folder: string): string {
  return [...gateways.keys()]
    .filter((name) => folder.startsWith(`${name}-`))
    .toSorted((a, b) => b.length - a.length)[0]!
}
