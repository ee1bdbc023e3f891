// The guide on personal data: its commands do what it says, in both languages.
import { expect, test } from 'vitest'
import { blocksOf, noCurl, runGuide } from '../support/guides.ts'
import { startPombo } from '../support/pombo-app.ts'

test('both languages show the same commands', () => {
  expect(blocksOf('privacy.pt-BR.md')).toEqual(blocksOf('privacy.md'))
  expect(blocksOf('privacy.md').length).toBeGreaterThan(3)
})

test.skipIf(noCurl)('the guide on personal data does what it says', async () => {
  const pombo = await startPombo()
  try {
    const answers = await runGuide('privacy.md', pombo, {
      learn: (answer) => {
        const { key } = answer as { key?: string }
        return key === undefined ? {} : { TENANT_KEY: key }
      },
    })
    const person = [1, 2, 3].map(() => expect.stringMatching(/^[\da-f]{32}$/) as unknown)
    const payload = { user_id: 'u-4711', contact: { email: 'maria@example.com' } }
    expect(answers).toMatchObject([
      {
        retentionDays: 15,
        encryptPayloads: true,
        personPaths: ['**.user_id', '**.email', '**.phone'],
      },
      { uid: 'agenda' },
      { eventType: 'appointment.booked' },
      { person, done: true, iterator: null, unreadable: 0, messages: [{ payload }] },
      { person, erased: { messages: 1, hashes: 3 }, read: { unreadable: 0 }, stillNamed: [] },
      {
        data: [
          { action: 'erase', kind: 'person', onBehalfOf: 'dpo@example.com' },
          { action: 'export', kind: 'person' },
        ],
      },
    ])
    expect(JSON.stringify(answers.at(-1))).not.toContain('maria')
    const { rows } = await pombo.database.pool.query<{ days: number }>(
      `select extract(epoch from payload_expires_at - created_at) / 86400 as days
         from message
        where event_type = 'appointment.booked'`,
    )
    // Erased, it has nothing left that could expire.
    expect(rows).toEqual([{ days: null }])
  } finally {
    await pombo.stop()
  }
})
