// A person at the dashboard: a fresh profile of the shared Chromium, and what went wrong in it.
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { inject } from 'vitest'
import { createTranslator } from 'use-intl/core'
import { en } from '../../src/words/en/en.ts'
import type { Language } from '../../src/words/languages.ts'
import { ptBr } from '../../src/words/pt/pt.ts'

export interface Person {
  page: Page
  context: BrowserContext
  /** Errors of the pages: of the console, thrown, and what the Content-Security-Policy refused. */
  faults: string[]
  /** Answers that were no success: their status, method and path. */
  refused: string[]
  /** Opens an address of the dashboard. */
  go: (path: string) => Promise<void>
  /** Goes there as by a link: within the dashboard that is open, where one is, and to a page that is made anew. */
  turn: (path: string) => Promise<void>
  leave: () => Promise<void>
}

export interface Wishes {
  language?: Language
  theme?: 'light' | 'dark'
  size?: { width: number; height: number }
  /** A finger instead of a mouse. */
  touch?: boolean
  /** Signed in with it; left out: not signed in. */
  key?: string
}

export const phone = { width: 360, height: 740 }
export const desktop = { width: 1_280, height: 800 }
export const wide = { width: 2_560, height: 1_440 }

let browser: Promise<Browser> | undefined

export async function meet(url: string, wishes: Wishes = {}): Promise<Person> {
  const { language = 'en', theme = 'light', size = desktop, touch = false, key } = wishes
  browser ??= chromium.connect(inject('browser'))
  const context = await (await browser).newContext({
    baseURL: url,
    locale: language,
    colorScheme: theme,
    viewport: size,
    hasTouch: touch,
    isMobile: touch,
    reducedMotion: 'reduce',
  })
  // Beside others on a busy machine; nothing waits so long that is there.
  context.setDefaultTimeout(60_000)
  const faults: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error' && !expected(message.text())) faults.push(message.text())
  })
  context.on('weberror', (error) => faults.push(String(error.error())))
  const refused: string[] = []
  context.on('response', (answer) => {
    if (answer.status() < 400) return
    const { pathname } = new URL(answer.url())
    refused.push(`${answer.status()} ${answer.request().method()} ${pathname}`)
  })
  if (key !== undefined) await signIn(context, url, key)
  const page = await context.newPage()
  return {
    page,
    context,
    faults,
    refused,
    async go(path) {
      await page.goto(path)
    },
    async turn(path) {
      if ((await page.locator('#main').count()) === 0) await page.goto(path)
      else await turnTo(page, path)
    },
    async leave() {
      await context.close()
    },
  }
}

/**
 * By way of a page that has nothing around it: what is there afterwards is the new page, and none of the last. A tenth
 * of what loading the dashboard again takes, and what a test has put into the page stays.
 */
async function turnTo(page: Page, path: string): Promise<void> {
  await page.evaluate(`history.pushState({}, '', '/closed')`)
  await page.locator('#main').waitFor({ state: 'detached' })
  await page.evaluate(`history.pushState({}, '', ${JSON.stringify(path)})`)
  await page.locator('#main').waitFor()
}

/** What Chromium itself writes of an answer that is no success, which stands among those that were refused. */
function expected(text: string): boolean {
  return text.startsWith('Failed to load resource: ')
}

async function signIn(context: BrowserContext, url: string, key: string): Promise<void> {
  const answer = await context.request.post(`${url}/api/v1/auth/session`, { data: { token: key } })
  if (!answer.ok()) throw new Error(`it could not sign in: ${await answer.text()}`)
}

/** The dashboard's words, to find things by what people read. */
export function wordsOf(language: Language) {
  const messages = language === 'en' ? en : (ptBr as unknown as typeof en)
  return createTranslator({ locale: language, messages })
}
