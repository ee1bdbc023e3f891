// A disk that is full while a backup is written, read back, or a database moved: on a small file system of its own.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeBackup } from '../../src/backup/backup.ts'
import { moveDatabase } from '../../src/backup/move.ts'
import { restoreBackup } from '../../src/backup/restore.ts'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { openPool, type Pool } from '../../src/db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startPombo } from '../support/pombo-app.ts'

const isRoot = process.getuid?.() === 0
const progress = (): void => {}
let folder: string
let small: string
let from: TestDatabase

const mount = (...args: string[]): boolean => spawnSync('mount', [...args, small]).status === 0

beforeEach(async (context) => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-full-'))
  small = join(folder, 'small')
  await mkdir(small)
  if (!isRoot || !mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs'))
    context.skip('mounting is not allowed here')
  from = await createTestDatabase()
  const pombo = await startPombo({}, from)
  await pombo.api('POST', '/app', { name: 'shop', uid: 'shop' })
  await pombo.api('POST', '/app/shop/msg', { eventType: 'order.paid', payload: {} })
  await pombo.stop()
  // 24 MB that do not compress: what repeats lies further apart than zstd looks back.
  await from.pool.query(`
    with random_payload as materialized (
      select m, to_json(string_agg(md5(random()::text || i), ''))::text as payload
        from generate_series(0, 63) m, generate_series(1, 2000) i
       group by m)
    insert into message (id, tenant_id, app_id, event_type, payload, payload_bytes, priority, created_at)
    select overlay(id::text placing lpad(n::text, 12, '0') from 25)::uuid, tenant_id, app_id, event_type,
           random_payload.payload, 64002, priority, created_at
      from message, generate_series(1, 375) n, random_payload
     where m = n % 64`)
})
afterEach(async () => {
  spawnSync('umount', [small])
  await from?.drop()
  await rm(folder, { recursive: true, force: true })
})

const backup = async (to: string) =>
  await takeBackup({ url: from.url, folder: to, keyIds: [], version: '0.0.0', progress })

test('a backup into it says that it is full, and leaves nothing there', async () => {
  const to = join(small, 'backup')
  await expect(backup(to)).rejects.toThrow(
    new RegExp(
      `^The backup into ${to} was not completed: the disk there is full: ENOSPC.*\\. ` +
        'What was written of it is removed\\. Free some space, or name a folder on another disk\\.$',
    ),
  )
  expect(await readdir(small)).toEqual([])
})

test('a restore and a move into it say so, leave the database empty, and succeed when there is room', async () => {
  const read = join(folder, 'backup')
  const manifest = await backup(read)
  mount('-o', 'remount,size=68m')
  let server: Awaited<ReturnType<typeof startEmbedded>> | undefined
  let pool: Pool | undefined
  try {
    server = await startEmbedded({ dataDir: join(small, 'data'), log: () => {} })
    const { url } = server
    pool = openPool(url, 2)
    const to = { url, pool, where: 'the small one', anew: 'make it anew' }
    const rows = async () =>
      (await pool!.query<{ n: number }>('select count(*)::int as n from message')).rows[0]!.n
    const restore = async () =>
      await restoreBackup({ ...to, folder: read, manifest, sendOpen: false, progress })
    const move = async () =>
      await moveDatabase({ from, to, beforeCommit: async () => {}, progress, patience: {} })

    await expect(restore()).rejects.toThrow(
      /^The disk of the small one is full: .*No space left.*\. Nothing was restored; it holds nothing, as before\./,
    )
    expect(await rows()).toBe(0)
    await expect(move()).rejects.toThrow(
      /^The disk of the small one is full: .*No space left.*\. Nothing was moved; it holds nothing, as before\./,
    )
    expect(await rows()).toBe(0)
    mount('-o', 'remount,size=400m')
    await restore()
    expect(await rows()).toBe(376)
  } finally {
    await pool?.end()
    await server?.stop()
  }
})
