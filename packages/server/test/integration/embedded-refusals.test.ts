// What keeps the embedded PostgreSQL from starting is said, and how to mend it.
import { appendFileSync } from 'node:fs'
import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { locatePrograms } from '../../src/db/embedded/programs.ts'
import { type Account, checkoutFor } from '../support/embedded-pombo.ts'
import { embeddedTests, isRoot, nobody, query, refusalOf, run } from '../support/embedded-tests.ts'

const at = embeddedTests()
const { pombo, start, servers } = at

test('a second Pombo on the same folder is refused, naming the first, also while that one starts', async () => {
  const both = [pombo(at.folder), pombo(at.folder)]
  const ends = await Promise.all(
    both.map((child) => Promise.any([child.line('ready'), child.line('failed')])),
  )
  expect(ends.map(({ event }) => event).toSorted()).toEqual(['failed', 'ready'])
  const refused = ends.find(({ event }) => event === 'failed')!
  expect(refused.code).toBe('embedded_in_use')
  expect(refused.message).toContain(`The data folder ${at.folder} is in use by another Pombo`)

  const winner = both[ends.findIndex(({ event }) => event === 'ready')]!
  const later = await refusalOf(startEmbedded({ dataDir: at.folder, log: () => {} }))
  expect(later.message).toContain(`process ${winner.process.pid} on `)
  expect(later.message).toContain('POMBO_DATA_DIR')
  await winner.stop()
  await start(at.folder)
  // Within one process too; and that attempt does not loosen the lock for others.
  const [inside, outside] = await Promise.all([
    refusalOf(startEmbedded({ dataDir: at.folder, log: () => {} })),
    pombo(at.folder).line('failed'),
  ])
  expect([inside.code, outside.code]).toEqual(['embedded_in_use', 'embedded_in_use'])
})

test.each([
  ['sunos', 'x64'],
  ['win32', 'x64'],
])('a platform without binaries (%s) is told to set DATABASE_URL', (platform, arch) => {
  expect(() => locatePrograms(platform, arch)).toThrow(
    new RegExp(
      `no embedded PostgreSQL for this machine \\(${platform}-${arch}\\).*Set DATABASE_URL to a PostgreSQL 15`,
    ),
  )
})

test('data of another major version is left alone, and the message says what to do', async () => {
  await mkdir(join(at.folder, 'postgres'))
  await writeFile(join(at.folder, 'postgres/PG_VERSION'), '17\n')
  const { code, message } = await refusalOf(startEmbedded({ dataDir: at.folder, log: () => {} }))
  expect(code).toBe('embedded_other_version')
  expect(message).toMatch(/made by PostgreSQL 17.*brings 18\.\d+.*pg_dump/)
  expect(await readdir(join(at.folder, 'postgres'))).toEqual(['PG_VERSION'])
})

test('a folder with something else in the place of the data is left alone', async () => {
  await mkdir(join(at.folder, 'postgres'))
  await writeFile(join(at.folder, 'postgres/diary.txt'), '')
  const { code, message } = await refusalOf(startEmbedded({ dataDir: at.folder, log: () => {} }))
  expect(code).toBe('embedded_folder')
  expect(message).toContain('not PostgreSQL data')
  expect(await readdir(join(at.folder, 'postgres'))).toEqual(['diary.txt'])
})

test('so is a file in their place', async () => {
  await writeFile(join(at.folder, 'postgres'), 'dear diary')
  const { code, message } = await refusalOf(startEmbedded({ dataDir: at.folder, log: () => {} }))
  expect(code).toBe('embedded_folder')
  expect(message).toContain('postgres is a file')
  expect(await readFile(join(at.folder, 'postgres'), 'utf8')).toBe('dear diary')
})

test('a file in the place of the data folder is named', async () => {
  await writeFile(join(at.folder, 'file'), '')
  const { message } = await refusalOf(
    startEmbedded({ dataDir: join(at.folder, 'file'), log: () => {} }),
  )
  expect(message).toContain('a file is in its place')
})

test('without permission to write, the message names the folder, the user and the way out', async () => {
  const dataDir = join(at.folder, 'data')
  await mkdir(dataDir, { mode: 0o555 })
  const account = isRoot
    ? { account: nobody, checkout: await checkoutFor(nobody, join(at.programs, 'checkout')) }
    : {}
  const failed = await pombo(dataDir, account).line('failed')
  expect(failed.code).toBe('embedded_folder')
  expect(failed.message).toContain(`may not write in the data folder ${dataDir}`)
  expect(failed.message).toContain('POMBO_DATA_DIR')
})

test.runIf(isRoot)(
  "another user's data is refused with the command that hands it over",
  async () => {
    await chmod(at.folder, 0o777)
    await mkdir(join(at.folder, 'postgres'))
    const checkout = await checkoutFor(nobody, join(at.programs, 'checkout'))
    const failed = await pombo(at.folder, { account: nobody, checkout }).line('failed')
    expect(failed.message).toContain(`chown -R ${nobody.uid} ${join(at.folder, 'postgres')}`)
  },
)

test.runIf(isRoot)(
  'a user without an entry in passwd is told that PostgreSQL needs one',
  async () => {
    const unknown: Account = { uid: 54321, gid: 54321 }
    const dataDir = join(at.folder, 'data')
    await mkdir(dataDir)
    await chown(dataDir, unknown.uid, unknown.gid)
    const checkout = await checkoutFor(unknown, join(at.programs, 'checkout'))
    const failed = await pombo(dataDir, { account: unknown, checkout }).line('failed')
    expect(failed).toMatchObject({ code: 'embedded_no_user' })
    expect(failed.message).toContain('no entry in /etc/passwd')
  },
)

test.runIf(isRoot)(
  'a full disk is named, at the first start and at a later one, and room makes it start again',
  async (context) => {
    const dataDir = join(at.folder, 'small')
    await mkdir(dataDir)
    const mount = (...args: string[]) => run('mount', ...args, dataDir).status === 0
    if (!mount('-t', 'tmpfs', '-o', 'size=10m', 'tmpfs'))
      context.skip('mounting is not allowed here')
    try {
      const first = await refusalOf(startEmbedded({ dataDir, log: () => {} }))
      expect(first).toMatchObject({ code: 'embedded_disk_full' })
      expect(first.message).toContain('The disk is full')
      expect((await readdir(dataDir)).filter((name) => name.startsWith('.draft'))).toEqual([])

      mount('-o', 'remount,size=100m')
      const { url } = await start(dataDir)
      await query(url, 'create table kept as select 1 as one')
      await servers.pop()!.stop()
      fill(join(dataDir, 'ballast'))
      const later = await refusalOf(startEmbedded({ dataDir, log: () => {} }))
      expect(later).toMatchObject({ code: 'embedded_disk_full' })
      await rm(join(dataDir, 'ballast'))
      const again = await start(dataDir)
      expect(await query(again.url, 'select one from kept')).toEqual([{ one: 1 }])
      await servers.pop()!.stop()
    } finally {
      expect(run('umount', dataDir).stderr).toBe('')
    }
  },
)

function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(64 * 1024))
  } catch {
    // Full.
  }
}
