import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { startApi } from '../support/api-server.ts'

test('a database that is dropped or replaced under a running Pombo is 503, with the reason', async () => {
  const api = await startApi()
  const made = await api.call('POST', '/api/v1/app', { body: { name: 'before' } })
  expect(made.status).toBe(201)
  const admin = new pg.Client({ connectionString: inject('postgres').adminUrl })
  await admin.connect()
  const name = new URL(api.database.url).pathname.slice(1)
  const source = await api.call('POST', `/api/v1/app/${made.body.id}/source`, {
    body: { gateway: 'baileys' },
  })
  const refused = async (reason: string) => {
    for (const [method, path, body] of [
      ['GET', '/api/v1/app', undefined],
      ['POST', '/api/v1/app', { name: 'after' }],
      ['POST', `/api/v1/app/${made.body.id}/msg`, { eventType: 'a.b', payload: {} }],
      ['POST', `/ingest/baileys/x?token=${source.body.token}`, { event: 'x' }],
    ] as const) {
      const response = await fetch(api.url + path, {
        method,
        headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
      const answer = (await response.json()) as { detail: string }
      expect([path, response.status, answer]).toMatchObject([path, 503, { code: 'database_away' }])
      expect(answer.detail).toContain(reason)
      expect(response.headers.get('retry-after')).not.toBeNull()
    }
  }
  await admin.query(`drop database ${name} with (force)`)
  await refused('does not exist')
  // Another one in its place, without anything that was in it.
  await admin.query(`create database ${name}`)
  await refused("has lost Pombo's tables")
  await admin.end()
  await api.stop().catch(() => {})
})
