// Each page of the router, filled with what strangers send: readable by everybody, at every width, and never markup.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { desktop, meet, type Person, phone, wide, wordsOf } from '../support/browser.ts'
import { type Addresses, fillHostile, paths as pathsOfRouter } from '../support/hostile.ts'
import { type Asked, intercept } from '../support/intercept.ts'
import { type Stand, startStand } from '../support/stand.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const paths = pathsOfRouter.filter((path) => path !== '/')
/** What the same addresses show besides. */
const views = [
  '/failed?endpoint=$endpointId',
  '/endpoints/$appId/$endpointId?tab=settings',
  '/endpoints/$appId/$endpointId?tab=secret',
]

/** Pages that ask for nothing before they are there. */
const atOnce = ['/signin', '/closed', '/endpoints/new', '/privacy', '/design', '/live']

let stand: Stand
let addresses: Addresses
let person: Person
let hand: Person
let waiting: Person

beforeAll(async () => {
  stand = await startStand()
  addresses = await fillHostile(stand)
  const { url, key } = stand.pombo
  person = await meet(url, { key })
  waiting = await meet(url, { key })
  hand = await meet(url, { key, language: 'pt-BR', theme: 'dark', size: phone, touch: true })
})
afterAll(async () => {
  await person?.leave()
  await hand?.leave()
  await waiting?.leave()
  await stand?.stop()
})

/** The address at which a path is looked at. */
function addressOf(path: string): string {
  return path.replace(/\$(\w+)/g, (_, name: keyof Addresses) => {
    const value = addresses[name]
    if (value === undefined) throw new Error(`say in hostile.ts what $${name} of ${path} is`)
    return value
  })
}

test('the router names its pages where this test reads them', () => {
  expect(paths.length).toBeGreaterThan(20)
  expect(paths).toContain('/messages/$appId/$messageId')
})

describe.each([...paths, ...views])('%s', (path) => {
  test('is plain in light and dark, holds at every width, and shows strangers’ text as text', async () => {
    await look(person, path, 'en')
    expect(await violations(person.page)).toEqual([])
    await person.page.emulateMedia({ colorScheme: 'dark' })
    expect(await violations(person.page, ['color-contrast'])).toEqual([])
    await person.page.emulateMedia({ colorScheme: 'light' })
    for (const size of [wide, desktop]) {
      await person.page.setViewportSize(size)
      expect(await overflow(person.page), `${size.width} px wide`).toEqual([])
      expect(await squeezed(person.page), `${size.width} px wide`).toEqual([])
    }
    expect(await becameMarkup(person.page)).toBe('')
    expect([...person.faults, ...person.refused]).toEqual([])
  })

  test('in Portuguese, on a phone in the dark and at a desk', async () => {
    await look(hand, path, 'pt-BR')
    expect(await overflow(hand.page)).toEqual([])
    expect(await squeezed(hand.page)).toEqual([])
    expect(await violations(hand.page, ['color-contrast', 'target-size'])).toEqual([])
    expect(await english(hand.page)).toEqual([])
    // Its words are the longer ones.
    await hand.page.setViewportSize(desktop)
    expect(await crowded(hand.page)).toEqual([])
    await hand.page.setViewportSize(phone)
    expect([...hand.faults, ...hand.refused]).toEqual([])
  })
})

test('what the doctor finds and what variables say is in Portuguese too', async () => {
  await look(hand, '/system', 'pt-BR')
  // The findings come some time after the rest.
  await hand.page.getByText('as conexões mantêm sua sessão').waitFor()
  expect(await hand.page.locator('[lang="en"]').allTextContents()).toEqual([])
})

test.each([...paths.filter((path) => !atOnce.includes(path)), ...views])(
  '%s is drawn while it loads, when it may not be seen, and when it fails, and can be asked for again',
  async (path) => {
    const w = wordsOf('en')
    const { page, go, turn, faults } = waiting
    faults.length = 0
    let answers: (asked: Asked) => Promise<unknown> = () => Promise.resolve()
    const held: Asked[] = []
    const isSession = /\/api\/v1\/(?:auth\/session|app\?limit=250)/
    const stop = await intercept(page, '*/api/v1/*', async (asked) => {
      if (isSession.test(asked.url)) await asked.goOn()
      else await answers(asked)
    })
    onTestFinished(stop)
    answers = (asked) => {
      held.push(asked)
      return Promise.resolve()
    }
    await go(addressOf(path))
    await page
      .locator('main')
      .getByRole('status', { name: w('common.loading') })
      .first()
      .waitFor()
      .catch(async (error: unknown) => {
        const instead = await page.locator('body').innerText()
        throw new Error(`it is not drawn as loading: ${instead}; ${String(error)}`)
      })
    // Who asks for less motion gets none, also while they wait.
    expect(await page.evaluate('document.getAnimations().length')).toBe(0)
    const refuse = (status: number, code: string) => async (asked: Asked) =>
      await asked.answer(status, { code, detail: 'as in the test' })
    answers = refuse(403, 'permission_denied')
    for (const asked of held.splice(0)) await answers(asked)
    await page
      .getByRole('heading', { name: w('common.noPermission') })
      .first()
      .waitFor()

    answers = refuse(500, 'internal_error')
    await turn(addressOf(path))
    const again = page.getByRole('alert').getByRole('button', { name: w('common.tryAgain') })
    await again.first().waitFor()
    await stop()
    // A page that asks by itself may be quicker.
    while ((await again.count()) > 0)
      await again
        .first()
        .click({ timeout: 2_000 })
        .catch(() => {})
    await page.getByRole('alert').first().waitFor({ state: 'detached' })
    expect(faults).toEqual([])
  },
)

/** Opens it, and waits until it has what it shows. */
async function look(who: Person, path: string, language: 'en' | 'pt-BR'): Promise<void> {
  who.faults.length = 0
  who.refused.length = 0
  const { page } = who
  // The others are opened by their addresses where it is seen how they load.
  await (atOnce.includes(path) ? who.go : who.turn)(addressOf(path))
  await page.getByRole('heading', { level: 1 }).waitFor()
  if (path !== '/design')
    for (const bones of await page
      .getByRole('status', { name: wordsOf(language)('common.loading') })
      .all())
      await bones.waitFor({ state: 'detached' })
  // Attempts are opened, for what they show is the strangest of all.
  const closed = page.locator('main button[aria-expanded=false]:not([aria-haspopup])')
  for (let left = await closed.count(); left > 0; left--) await closed.first().click()
}

/** What axe finds against level AA, in a line each. */
async function violations(page: Page, rules?: string[]): Promise<string[]> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe)
  await drawn(page)
  const what = rules ?? {
    type: 'tag',
    values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  }
  const found = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(what)}, resultTypes: ['violations'] })`,
  )) as AxeResults
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${String(target)}: ${failureSummary}`),
  )
}

/** Until what just changed is on the screen, and what moves from one colour to another has arrived. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    const moving = document.getAnimations().filter((one) => one instanceof CSSTransition)
    await Promise.all(moving.map((one) => one.finished.catch(() => {})))
  })()`)
}

/** What makes the page wider than the window: nothing, or who sticks out. */
async function overflow(page: Page): Promise<string[]> {
  await drawn(page)
  return (await page.evaluate(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth <= clientWidth) return []
    const sticksOut = (one) => one.getBoundingClientRect().right > clientWidth + 1
    const wide = [...document.querySelectorAll('body *')].filter(sticksOut)
    return [scrollWidth + ' of ' + clientWidth, ...wide.map((one) => one.tagName + '.' + one.className).slice(0, 8)]
  })()`)) as string[]
}

/** Cells of tables that have text and no room for it: cut to a letter or two, or a letter a line. */
async function squeezed(page: Page): Promise<string[]> {
  return (await page.evaluate(`(() => {
    const seen = [...document.querySelectorAll('main td, main td *')].filter((one) => one.getClientRects().length > 0)
    const own = (one) => [...one.childNodes].map((node) => node.nodeType === 3 ? node.data : '').join('').trim()
    return seen.filter((one) => {
      const { width, height } = one.getBoundingClientRect()
      const cut = one.matches('td') && one.scrollWidth > one.clientWidth + 1 && width < 64
      return cut || (own(one).length > 5 && width < 40 && height > 60)
    }).map((one) => one.closest('table').ariaLabel + ': ' + one.textContent.slice(0, 40)).slice(0, 8)
  })()`)) as string[]
}

/** Tables that do not fit their place, and what reaches out of its cell into the next. */
async function crowded(page: Page): Promise<string[]> {
  await drawn(page)
  return (await page.evaluate(`[...document.querySelectorAll('main table')].flatMap((table) => {
    const right = (one) => one.getBoundingClientRect().right
    const cells = [...table.querySelectorAll('td')].filter((td) => getComputedStyle(td).overflow === 'visible')
    const out = cells.filter((td) => [...td.children].some((one) => right(one) > right(td) + 1))
    const cut = table.scrollWidth > table.parentElement.clientWidth + 1 ? ['it is wider than its place'] : []
    return [...cut, ...out.map((td) => td.textContent.slice(0, 40))].map((one) => table.ariaLabel + ': ' + one)
  })`)) as string[]
}

/** Sentences in English that nothing marks as such for who hears them. */
async function english(page: Page): Promise<string[]> {
  return (await page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found = []
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
      if (/\\b(?:the|is|of|and|not|was|with|cannot)\\b/i.test(node.data)
        && !node.parentElement.closest('[lang=en], pre, code, script')) found.push(node.data.slice(0, 120))
    return found
  })()`)) as string[]
}

/** Whether anything of it became an element, ran, or reached a place that only markup reaches. */
async function becameMarkup(page: Page): Promise<string> {
  return (await page.evaluate(`(() => {
    const found = document.querySelectorAll('.hostile, [onerror], [src*=hostile], main script, main style')
    return [...found].map((one) => one.outerHTML).join() + (window.hostile === undefined ? '' : 'it ran')
  })()`)) as string
}
