// A move or a restore whose commit is not answered: what became of it is found out, or said to be unknown.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeBackup } from '../../src/backup/backup.ts'
import { moveDatabase } from '../../src/backup/move.ts'
import { restoreBackup } from '../../src/backup/restore.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type DatabaseLine, openLine } from '../support/database-line.ts'
import { startPombo } from '../support/pombo-app.ts'

let from: TestDatabase
let to: TestDatabase
let line: DatabaseLine
beforeEach(async () => {
  ;[from, to] = [await createTestDatabase(), await createTestDatabase()]
  const pombo = await startPombo({}, from)
  await pombo.api('POST', '/app', { name: 'shop', uid: 'shop' })
  await pombo.stop()
  line = await openLine(to.url)
})
afterEach(async () => {
  for (const one of [from, to]) await one?.drop()
})

/** What only the connection that loads sends, and behind it. */
const commit = ['update work set lease_owner = null', 'commit'] as const

const filled = { where: 'the target', anew: 'make it anew' }

const move = async (waitMs?: number) =>
  await moveDatabase({
    from,
    to: { url: line.url, pool: to.pool, ...filled },
    beforeCommit: async () => {},
    progress: () => {},
    patience: { waitMs },
  })

const apps = async () => (await to.pool.query('select uid from app')).rows

test('whose answer alone is lost has happened, and counts as moved', async () => {
  const lost = line.loseAnswer(...commit)
  expect(await move()).toEqual({ outcome: 'moved', rows: expect.any(Number) })
  await lost
  expect(await apps()).toEqual([{ uid: 'shop' }])
})

test('that did not reach the database is said to be none, and the move can be made again', async () => {
  const lost = line.loseRequest(...commit)
  await expect(move()).rejects.toThrow(
    /^The move could not be committed: .*\. Nothing was moved; .* run this again\.$/,
  )
  await lost
  expect(await apps()).toEqual([])
  expect(await move()).toMatchObject({ outcome: 'moved' })
})

test('of a database that does not come back is said to be unknown', async () => {
  void line.loseAnswer(...commit).then(() => line.cut())
  expect(await move(1_500)).toMatchObject({ outcome: 'unknown' })
})

test('of a database that comes back late is found out', async () => {
  void line
    .loseAnswer(...commit)
    .then(() => line.cut())
    .then(() => setTimeout(() => void line.mend(), 1_500))
  expect(await move()).toMatchObject({ outcome: 'moved' })
})

test('of a restore is found out as well', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pombo-commit-'))
  try {
    const progress = (): void => {}
    const backup = join(folder, 'backup')
    const made = { url: from.url, folder: backup, keyIds: [], version: '0.0.0', progress }
    const manifest = await takeBackup(made)
    const read = { folder: backup, manifest, sendOpen: false }
    const target = { url: line.url, pool: to.pool, ...filled, ...read }
    void line.loseRequest(...commit)
    await expect(restoreBackup({ ...target, progress })).rejects.toThrow(
      /^The restore could not be committed: .*\. Nothing was restored\.$/,
    )
    void line.loseAnswer(...commit)
    expect(await restoreBackup({ ...target, progress })).toMatchObject({ open: 0 })
    expect(await apps()).toEqual([{ uid: 'shop' }])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
