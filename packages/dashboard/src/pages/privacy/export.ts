import { api, ask } from '../../api/client.ts'
import { parseExact } from '../../api/exact-json.ts'
import type { PersonExport } from '../../api/shapes.ts'

export interface Person {
  phone?: string
  email?: string
  userId?: string
  scan: boolean
}

export async function exportPage(
  person: Person,
  iterator: string | undefined,
): Promise<PersonExport> {
  const body = { ...person, ...(iterator !== undefined && { iterator }) }
  // As text, so that the numbers in a person's data are handed over as they were.
  const answer = await ask<string>(api.POST('/api/v1/privacy/export', { body, parseAs: 'text' }))
  const { unreadable } = JSON.parse(answer) as PersonExport
  return { ...(parseExact(answer) as PersonExport), unreadable }
}

/** All pages as one. */
export async function exportAll(person: Person): Promise<PersonExport> {
  const all = await exportPage(person, undefined)
  let { done, iterator } = all
  while (!done && iterator !== null) {
    const next = await exportPage(person, iterator)
    all.messages.push(...next.messages)
    all.unreadable += next.unreadable
    ;({ done, iterator } = next)
  }
  return { ...all, done: true, iterator: null }
}

export function download(content: unknown, name: string): void {
  const file = new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
