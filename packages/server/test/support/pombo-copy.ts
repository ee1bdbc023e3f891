import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scratchParent } from './scratch.ts'

export interface PomboCopy {
  /** Its command line. */
  main: string
  /** What `npm run chaos` starts as a node. */
  node: string
  remove(): Promise<void>
}

/** Adds to every table that a delivery passes through, as a later release may. */
export const expand = `
  alter table endpoint add column label text not null default 'none';
  alter table message add column label text;
  alter table work add column label text;
  alter table delivery add column label text;
  alter table attempt add column label text not null default 'none';
  alter table endpoint_stat add column slow integer not null default 0;
  alter table node add column zone text;
  create table label (tenant_id uuid not null, name text not null, primary key (tenant_id, name));
`

const server = join(import.meta.dirname, '../..')
const workspace = join(server, '../..')

/** A later Pombo: this one's code, with more migrations (`NNNN-name.sql` and their text). */
export async function laterPombo(migrations: Record<string, string>): Promise<PomboCopy> {
  const folder = await mkdtemp(join(scratchParent(), 'pombo-later-'))
  const copy = join(folder, 'packages/server')
  for (const part of ['src', 'bench/parts'])
    await cp(join(server, part), join(copy, part), { recursive: true })
  for (const file of ['packages/server/package.json', 'package.json'])
    await cp(join(workspace, file), join(folder, file))
  await symlink(join(workspace, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, sql] of Object.entries(migrations))
    await writeFile(join(copy, 'src/db/migrations', name), sql)
  return {
    main: join(copy, 'src/main.ts'),
    node: join(copy, 'bench/parts/pombo.ts'),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
