// The sender as these tests use it: one a test, to loopback alone, held to its deadlines.
import { afterEach, beforeEach, expect } from 'vitest'
import type { Outcome } from '../../src/core/outcome.ts'
import { createSender, type Sender, type SendRequest } from '../../src/deliver/send/send.ts'
import { host } from './bad-servers.ts'

/**
 * How long after its deadline an exchange may take to say so. A busy machine answers its timers late; what would hang
 * for good is still told from what ends at its deadline.
 */
export const slackMs = 20_000

export const post = (url: string, more: Partial<SendRequest> = {}): SendRequest => ({
  url,
  headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1' },
  body: '{"hello":"world"}',
  timeoutMs: 500,
  ...more,
})

/** Sends with a sender of the test's own, and holds the answer to its deadline. */
export function senderPerTest() {
  let sender: Sender
  beforeEach(() => {
    sender = createSender({
      allowSubnets: [`${host}/32`],
      httpsOnly: false,
      userAgent: 'pombo-test',
    })
  })
  afterEach(async () => {
    await sender.close()
  })
  return async (
    url: string,
    more: Partial<SendRequest> = {},
    by: Sender = sender,
  ): Promise<Outcome> => {
    const request = post(url, more)
    const startedAtMs = performance.now()
    const outcome = await by.send(request)
    expect(performance.now() - startedAtMs).toBeLessThan(request.timeoutMs + slackMs)
    expect(outcome.durationMs).toBeLessThan(request.timeoutMs + slackMs)
    return outcome
  }
}
