import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundledAt, bundledPombo } from '../../../../scripts/bundled.mjs'
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

const workspace = join(import.meta.dirname, '../../../..')

/** A later Pombo: this one's code, with more migrations (`NNNN-name.sql` and their text). */
export async function laterPombo(migrations: Record<string, string>): Promise<PomboCopy> {
  const folder = await mkdtemp(join(scratchParent(), 'pombo-later-'))
  const copy = bundledAt(folder)
  await cp(bundledPombo().folder, folder, { recursive: true, verbatimSymlinks: true })
  await symlink(join(workspace, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, sql] of Object.entries(migrations))
    await writeFile(join(folder, 'dist/migrations', name), sql)
  return {
    main: copy.main,
    node: copy.benchNode,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
