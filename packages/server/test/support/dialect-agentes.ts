// Calls of the dialect agentes, and what stands in its answers.
import { expect } from 'vitest'
import type { Called } from './called.ts'
import type { TestPombo } from './pombo-app.ts'

export const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown
export const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as unknown

export async function callOn(
  target: TestPombo,
  method: string,
  path: string,
  body?: unknown,
  key = target.key,
): Promise<Called> {
  return await target.call(method, `/api/webhooks${path}`, {
    ...(body === undefined ? {} : { body }),
    headers: { authorization: `Bearer ${key}` },
  })
}
