// What a person may not do is not offered, and what they may not see is said: by role, and in a portal by its pages.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { meet, wordsOf } from '../support/browser.ts'
import { type Addresses, fillHostile, paths } from '../support/hostile.ts'
import { type Stand, startStand } from '../support/stand.ts'

const w = wordsOf('en')

let stand: Stand
let addresses: Addresses
beforeAll(async () => {
  stand = await startStand()
  addresses = await fillHostile(stand)
})
afterAll(async () => {
  await stand?.stop()
})

const addressOf = (path: string): string =>
  path.replace(/\$(\w+)/g, (_, name: keyof Addresses) => encodeURIComponent(addresses[name]))

test.each(['read', 'operate'] as const)(
  'no page asks for what a key to %s may not have',
  async (role) => {
    const { key } = await stand.ask('POST', '/key', { name: role, role })
    const { page, go, turn, refused, faults, leave } = await meet(stand.pombo.url, { key })
    // Beyond the tenant, which is no question of the role.
    const own = paths.filter((path) => !['/', '/signin', '/closed', '/system'].includes(path))
    for (const path of [
      ...own,
      '/failed?endpoint=$endpointId',
      '/endpoints/$appId/$endpointId?tab=settings',
      '/endpoints/$appId/$endpointId?tab=secret',
    ]) {
      await turn(addressOf(path))
      await page.getByRole('navigation').getByRole('link').first().waitFor()
      if (path !== '/design')
        for (const bones of await page.getByRole('status', { name: w('common.loading') }).all())
          await bones.waitFor({ state: 'detached' })
      expect(refused, path).toEqual([])
    }
    for (const path of ['/endpoints/new', '/privacy']) {
      await go(path)
      await page.getByRole('heading', { name: w('common.noPermission') }).waitFor()
    }
    await go(addressOf('/endpoints/$appId/$endpointId?tab=settings'))
    await page.getByText(w('common.noPermissionToAct')).first().waitFor()
    expect(faults).toEqual([])
    await leave()
  },
)

test('a portal opens the pages that the operator shows, and no other by its address', async () => {
  await stand.ask('PUT', '/portal/settings', { pages: ['endpoints', 'failed'] })
  const { url } = await stand.ask('POST', '/auth/app-portal-access/hostile', { role: 'administer' })
  const { page, refused, faults, leave } = await meet(stand.pombo.url)
  await page.goto(url)
  await page.getByRole('heading', { name: w('failed.title'), level: 1 }).waitFor()
  const at = async (path: string) => await page.goto(`${stand.pombo.url}/portal${addressOf(path)}`)
  const hidden = ['/overview', '/live', '/messages', '/event-types', '/sources', '/keys', '/design']
  for (const path of hidden) {
    await at(path)
    await page.getByRole('heading', { name: w('shell.notFound') }).waitFor()
  }
  // Nothing was asked for that the page would have shown.
  expect(refused).toEqual([])
  await at('/endpoints/$appId/$endpointId')
  await page.getByRole('tab', { name: w('endpoints.detail.overview') }).waitFor()
  // A message is reached from what failed.
  await at('/messages/$appId/$messageId')
  await page.getByRole('heading', { name: addresses.name, level: 1 }).waitFor()
  expect([...refused, ...faults]).toEqual([])
  await leave()
})
