// What a page asks for, answered by the test.
import type { Page } from 'playwright-core'

export interface Asked {
  url: string
  answer: (status: number, body: object) => Promise<unknown>
  /** Lets it go on to the server. */
  goOn: () => Promise<unknown>
}

/**
 * Gives each request of the page that fits the pattern to `answer`; gives back its own end, which lets go what is held.
 * By the protocol and not by `page.route`: that turns the browser's cache off, and brings every script of the dashboard
 * by way of the test.
 */
export async function intercept(
  page: Page,
  urlPattern: string,
  answer: (asked: Asked) => Promise<unknown>,
): Promise<() => Promise<void>> {
  // A page that is left asks for nothing any more; an end may come twice.
  const gone = () => {}
  const session = await page.context().newCDPSession(page)
  session.on('Fetch.requestPaused', ({ requestId, request: { url } }) => {
    void answer({
      url,
      answer: async (responseCode, body) =>
        await session
          .send('Fetch.fulfillRequest', {
            requestId,
            responseCode,
            responseHeaders: [{ name: 'content-type', value: 'application/json' }],
            body: Buffer.from(JSON.stringify(body)).toString('base64'),
          })
          .catch(gone),
      goOn: async () => await session.send('Fetch.continueRequest', { requestId }).catch(gone),
    })
  })
  await session.send('Fetch.enable', { patterns: [{ urlPattern }] })
  return async () => await session.detach().catch(gone)
}
