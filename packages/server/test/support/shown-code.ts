/** Code that a page shows, as a module to be run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The module of the page's block that exports this name. `replaced`: what its imports stand for here. */
export async function shownCode(
  page: string,
  name: string,
  replaced: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const blocks = [...page.matchAll(/^( *)```js\n(.*?)^ *```$/gms)].map(([, indent, code]) =>
    code!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  )
  const shown = blocks.find((code) => new RegExp(`export (async )?function ${name}\\(`).test(code))
  if (shown === undefined) throw new Error(`the page shows no ${name}`)
  const code = shown.replaceAll(/from '([^']+)'/g, (whole, from: string) =>
    replaced[from] === undefined ? whole : `from '${replaced[from]}'`,
  )
  const folder = mkdtempSync(join(tmpdir(), 'pombo-shown-'))
  try {
    const file = join(folder, `${name}.mjs`)
    writeFileSync(file, code)
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>
  } finally {
    rmSync(folder, { recursive: true })
  }
}
