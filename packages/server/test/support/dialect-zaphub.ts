// A Pombo for tests of the dialect zaphub, its sessions, and what stands in its answers.
import { expect } from 'vitest'
import { startPombo, type TestPombo } from './pombo-app.ts'

export const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

export type ZaphubPombo = TestPombo & {
  newSession(webhookUrl?: string, more?: object): Promise<string>
  send(session: string, eventType: string, payload: object): Promise<void>
}

export async function startZaphub(): Promise<ZaphubPombo> {
  const pombo = await startPombo({
    WEBHOOK_RETRY_ATTEMPTS: '2',
    WEBHOOK_RETRY_DELAY_MS: '60',
    WEBHOOK_TIMEOUT_MS: '1000',
    WEBHOOK_MAX_BODY_SIZE: '64',
    QUEUE_CONCURRENCY: '7',
  })
  let sessions = 0
  return {
    ...pombo,
    async newSession(webhookUrl, more = {}) {
      sessions += 1
      const id = `session-${sessions}`
      const made = await pombo.api('POST', '/sessions', {
        id,
        label: 'Support Team',
        ...(webhookUrl && { webhook_url: webhookUrl }),
        ...more,
      })
      expect(made.status).toBe(201)
      return id
    },
    async send(session, eventType, payload) {
      const sent = await pombo.api('POST', `/app/${session}/msg`, { eventType, payload })
      expect(sent.status).toBe(202)
    },
  }
}

/** The document's lines name the session abc-123 and the receiver your-app.com. */
export function line(text: string, session: string, url = ''): string {
  return text.replaceAll('abc-123', session).replaceAll('https://your-app.com/webhook', url)
}
