import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolders } from './make-folders.ts'

test('a folder is made with those above it, for its owner alone, and may be there already', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pombo-folders-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'a/b/c')
  await Promise.all([makeFolders(path, 0o700), makeFolders(path, 0o700)])
  expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700)
  await makeFolders(`${path}/`, 0o700)
  await writeFile(join(folder, 'file'), '')
  await expect(makeFolders(join(folder, 'file'), 0o700)).rejects.toThrow('EEXIST')
  await expect(makeFolders(join(folder, 'file/a/b'), 0o700)).rejects.toThrow('ENOTDIR')
})

test.runIf(process.platform === 'linux')('where no folder can be made, it ends', async () => {
  await expect(makeFolders('/proc/pombo/data', 0o700)).rejects.toThrow('ENOENT')
})
