import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Json, packageDir } from './n8n.ts'

/** A message of WhatsApp as a gateway's request is read. */
export async function recorded(): Promise<Json> {
  const golden = '../server/test/captures/waha-2026.7/gows-message.golden.json'
  const text = await readFile(join(packageDir, golden), 'utf8')
  return (JSON.parse(text) as { events: Json[] }).events[0]!
}
