// npm run screenshots [-- --only system,failed] [-- --out folder]
// Each page of the dashboard as a picture, light, dark and on a phone, and in Portuguese what the Portuguese README
// shows, into docs/images: of a `pombo demo` that it starts and ends, with a little added to it that fails. The
// browser is Chromium; it writes WebP itself.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { findChromium } from '../test/support/browser-setup.ts'
import { addresses, fill, type Filled, inPortuguese } from './screenshots/pages.ts'

const root = join(import.meta.dirname, '../../..')
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    out: { type: 'string', default: join(root, 'docs/images') },
  },
})
/** Of a picture, so that a page that shows several is quick. */
const MAX_BYTES = 100_000

const looks = [
  { name: 'light', colorScheme: 'light', locale: 'en', width: 1_280, height: 800 },
  { name: 'dark', colorScheme: 'dark', locale: 'en', width: 1_280, height: 800 },
  { name: 'phone', colorScheme: 'light', locale: 'pt-BR', width: 390, height: 800 },
  { name: 'pt', colorScheme: 'light', locale: 'pt-BR', width: 1_280, height: 800 },
] as const

const demo = spawn(
  process.execPath,
  [join(root, 'packages/server/src/main.ts'), 'demo', '--listen', '127.0.0.1:0'],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environment(), POMBO_ALLOW_SUBNETS: '127.0.0.0/8' },
  },
)
try {
  const { url, key, appId } = await invitation(demo)
  const filled = await fill(url, key, appId)
  await mkdir(values.out, { recursive: true })
  const browser = await chromium.launch({ executablePath: findChromium() })
  try {
    for (const look of looks) {
      const { colorScheme, locale, width, height } = look
      const context = await browser.newContext({
        baseURL: url,
        colorScheme,
        locale,
        viewport: { width, height },
        reducedMotion: 'reduce',
      })
      await shoot(context, look.name, key, filled)
      await context.close()
    }
  } finally {
    await browser.close()
  }
} finally {
  demo.kill('SIGINT')
  if (demo.exitCode === null) await once(demo, 'exit')
}

/** Without the settings of whoever runs it, which would stand on the page of the system. */
function environment(): NodeJS.ProcessEnv {
  // oxlint-disable-next-line node/no-process-env -- it is handed to another program
  const entries = Object.entries(process.env)
  return Object.fromEntries(
    entries.filter(([name]) => !name.startsWith('POMBO_') && name !== 'DATABASE_URL'),
  )
}

async function invitation(
  child: ChildProcess,
): Promise<{ url: string; key: string; appId: string }> {
  let text = ''
  child.stdout!.setEncoding('utf8')
  for await (const part of child.stdout! as AsyncIterable<string>) {
    text += part
    const [, url] = /API: {2}(\S+)\/api\/v1\n/.exec(text) ?? []
    const [, key] = /Key: {2}(\S+)\n/.exec(text) ?? []
    const [, appId] = /App: {2}(\S+)\n/.exec(text) ?? []
    if (url === undefined || key === undefined || appId === undefined) continue
    child.stdout!.resume()
    return { url, key, appId }
  }
  throw new Error(`pombo demo ended before it was ready:\n${text}`)
}

async function shoot(context: BrowserContext, look: string, key: string, filled: Filled) {
  const wanted = values.only?.split(',')
  const pages = addresses(filled).filter(
    ({ name }) =>
      (wanted?.includes(name) ?? true) && (look !== 'pt' || inPortuguese.includes(name)),
  )
  const page = await context.newPage()
  for (const { name, path } of pages.filter((one) => one.signedOut === true))
    await shot(page, path, `${name}-${look}`)
  const answer = await context.request.post('/api/v1/auth/session', { data: { token: key } })
  if (!answer.ok()) throw new Error(await answer.text())
  for (const { name, path, meanwhile } of pages.filter((one) => one.signedOut !== true))
    await shot(page, path, `${name}-${look}`, meanwhile)
  await page.close()
}

async function shot(
  page: Page,
  path: string,
  name: string,
  meanwhile?: () => Promise<void>,
): Promise<void> {
  await page.goto(path)
  await page.locator('h1').first().waitFor()
  await meanwhile?.()
  // The live page and its like are never quiet: what there is after a while is shown.
  await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => {})
  await page.waitForTimeout(500)
  const session = await page.context().newCDPSession(page)
  for (const quality of [80, 60, 40]) {
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality })
    const bytes = Buffer.from(data, 'base64')
    if (bytes.length > MAX_BYTES && quality > 40) continue
    await writeFile(join(values.out, `${name}.webp`), bytes)
    console.error(`${name}.webp ${Math.round(bytes.length / 1_000)} KB`)
    break
  }
  await session.detach()
}
