import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { startApi } from '../support/api-server.ts'

test('a database that is dropped under a running Pombo is 503, with the reason', async () => {
  const api = await startApi()
  const made = await api.call('POST', '/api/v1/app', { body: { name: 'before' } })
  expect(made.status).toBe(201)
  const admin = new pg.Client({ connectionString: inject('postgres').adminUrl })
  await admin.connect()
  const name = new URL(api.database.url).pathname.slice(1)
  await admin.query(`drop database ${name} with (force)`)
  await admin.end()
  for (const [method, path, body] of [
    ['GET', '/api/v1/app', undefined],
    ['POST', '/api/v1/app', { name: 'after' }],
    ['POST', `/api/v1/app/${made.body.id}/msg`, { eventType: 'a.b', payload: {} }],
  ] as const) {
    const { status, body: answer, headers } = await api.call(method, path, { body })
    expect(status, JSON.stringify(answer)).toBe(503)
    expect(answer.code).toBe('database_away')
    expect(answer.detail).toContain('does not exist')
    expect(headers.get('retry-after')).not.toBeNull()
  }
  await api.stop().catch(() => {})
})
