// For the whole run: the dashboard's build, where there is none or an older one, and one Chromium that all files share.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the browser is reached. */
    browser: string
  }
}

const root = join(import.meta.dirname, '../../../..')

/** Gives back its own end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const executablePath = findChromium()
  const built = spawnSync(process.execPath, [join(root, 'scripts/dashboard.mjs')], {
    stdio: 'pipe',
  })
  if (!existsSync(join(root, 'packages/dashboard/dist/index.html')))
    throw new Error(`the dashboard could not be built: ${String(built.stderr)}`)
  const server = await chromium.launchServer({
    executablePath,
    host: '127.0.0.1',
    // Pages live for seconds: what V8 does beside them on other threads costs more than it gives (a tenth).
    args: ['--js-flags=--single-threaded'],
  })
  project.provide('browser', server.wsEndpoint())
  return async () => await server.close()
}

/**
 * Debian's, or another of the usual names; POMBO_TEST_CHROMIUM names any other. The one without a window first: the
 * same engine, and the tests take 7 minutes of CPU instead of 12, since the other draws its own toolbar in a process
 * of its own for each new profile.
 */
export function findChromium(): string {
  const given = process.env.POMBO_TEST_CHROMIUM
  if (given !== undefined && given !== '') return given
  const folders = (process.env.PATH ?? '').split(delimiter)
  const names = [
    'chromium-headless-shell',
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
  ]
  const found = names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path))
  if (found === undefined)
    throw new Error(
      'The dashboard is tested in Chromium, and there is none: ' +
        'apt-get install chromium-headless-shell (or chromium), or name one by POMBO_TEST_CHROMIUM.',
    )
  return found
}
