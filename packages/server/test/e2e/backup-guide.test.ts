// The guide of backups: its commands, run as they stand, in their order, on a database that has open deliveries.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { bundledPombo } from '../../../../scripts/bundled.mjs'
import { createTestDatabase } from '../support/database.ts'
import { blocksOf } from '../support/guides.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { startReceiver, until } from '../support/receiver.ts'

const { main } = bundledPombo()
const encryption = { POMBO_ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64') }

test('both languages show the same commands', () => {
  expect(blocksOf('backup.pt-BR.md')).toEqual(blocksOf('backup.md'))
})

test('the guide of backups does what it says', async () => {
  const today = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`
  const folder = await mkdtemp(join(tmpdir(), 'pombo-backup-guide-'))
  const [receiver, restored, moved] = [
    await startReceiver(() => ({ status: 503 })),
    await createTestDatabase(),
    await createTestDatabase(),
  ]
  const pombos: TestPombo[] = []
  const start = async (...given: Parameters<typeof startPombo>) => {
    const pombo = await startPombo(...given)
    pombos.push(pombo)
    return pombo
  }
  const run = async (block: string, env: Record<string, string>) => {
    const commands = `pombo() { "${process.execPath}" "${main}" "$@"; }\n${block}`
    const { stdout } = await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', commands], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...encryption, ...env },
    })
    return stdout
  }
  try {
    const pombo = await start()
    const headers = { authorization: `Bearer ${pombo.key}` }
    const post = async (path: string, body: unknown) =>
      await pombo.call('POST', `/api/v1/app${path}`, { body, headers })
    await post('', { name: 'shop', uid: 'shop' })
    await post('/shop/endpoint', { url: receiver.url, uid: 'e' })
    for (const n of [1, 2, 3]) await post('/shop/msg', { eventType: 'order.paid', payload: { n } })

    const [take, daily, restore, replay, move] = blocksOf('backup.md')
    const here = { DATABASE_URL: pombo.database.url }
    expect(await run(take!, here)).toContain('3 deliveries were open')
    await run(daily!.replaceAll('/var/backups/pombo', './daily'), here)
    expect(await readdir(join(folder, 'daily'))).toHaveLength(1)
    // Its own next tries would be counted with those of the restored one.
    await pombo.stop()
    pombos.splice(0)

    const there = { DATABASE_URL: restored.url }
    const intoOther = restore!.replace('POMBO_DATA_DIR=./restored ', '')
    expect(intoOther).not.toBe(restore)
    expect(await run(intoOther, there)).toContain('3 deliveries were open then')

    receiver.answer = () => ({})
    receiver.received.length = 0
    const second = await start({}, restored)
    const printed = await run(replay!.replaceAll('2026-11-29T00:00:00Z', today), {
      POMBO_SERVER_URL: second.url,
      POMBO_API_KEY: second.key,
    })
    expect(printed).toContain('3 deliveries would be sent again. Nothing was changed.')
    await until(() => receiver.received.length === 3)

    await second.stop()
    pombos.splice(0)
    const target = move!.replace('postgres://pombo:secret@db.example.com/pombo', moved.url)
    expect(await run(target, there)).toContain('Now set DATABASE_URL')
  } finally {
    for (const pombo of pombos) await pombo.stop()
    await receiver.close()
    await restored.drop()
    await moved.drop()
    await rm(folder, { recursive: true, force: true })
  }
})
