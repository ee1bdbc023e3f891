import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scratchParent } from './scratch.ts'

export interface PomboCopy {
  /** Its command line. */
  main: string
  remove(): Promise<void>
}

const server = join(import.meta.dirname, '../..')
const workspace = join(server, '../..')

/** A later Pombo: this one's code, with more migrations (`NNNN-name.sql` and their text). */
export async function laterPombo(migrations: Record<string, string>): Promise<PomboCopy> {
  const folder = await mkdtemp(join(scratchParent(), 'pombo-later-'))
  const copy = join(folder, 'packages/server')
  await cp(join(server, 'src'), join(copy, 'src'), { recursive: true })
  for (const file of ['packages/server/package.json', 'package.json'])
    await cp(join(workspace, file), join(folder, file))
  await symlink(join(workspace, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, sql] of Object.entries(migrations))
    await writeFile(join(copy, 'src/db/migrations', name), sql)
  return {
    main: join(copy, 'src/main.ts'),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
