// The screen of what failed: which endpoint and cause it is about, what is done to many at once, and what was done.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../../server/test/support/receiver.ts'
import { meet, phone, wordsOf } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

const w = wordsOf('en')
const cause = w('causes.refused', { code: '503' })
let stand: Stand
let number = 0
beforeAll(async () => {
  stand = await startStand()
})
afterAll(async () => {
  await stand?.stop()
})

/** An app of which two endpoints wait after a failure and a third gave up, by as many messages. */
async function failing(messages: number) {
  const { ask, receiver } = stand
  const app = await ask('POST', '/app', { name: `Shop ${++number}` })
  const make = async (path: string, retrySchedule: number[]) =>
    await ask('POST', `/app/${app.id}/endpoint`, {
      url: `${receiver.url}/broken/${number}/${path}`,
      retrySchedule,
      circuit: { failuresToOpen: 1_000 },
    })
  const waits = await make('waits', [86_400])
  const too = await make('as-well', [86_400])
  const over = await make('over', [])
  for (let sent = 0; sent < messages; sent++)
    await ask('POST', `/app/${app.id}/msg`, { eventType: 'order.paid', payload: { sent } })
  await listed(app, [waits, too, over], messages)
  // Groups are counted some seconds behind.
  await until(async () => (await ask('GET', `/failure?app_id=${app.id}`)).data.length === 3)
  return { app, waits, too, over }
}

/** Until each of the endpoints has so many deliveries that wait after a failure or were given up. */
async function listed(app: { id: string }, endpoints: { id: string }[], count: number) {
  await until(async () => {
    const lists = await Promise.all(
      endpoints.map(async ({ id }) => {
        const query = `app_id=${app.id}&endpoint_id=${id}`
        return (await stand.ask('GET', `/failure/delivery?${query}`)).data.length as number
      }),
    )
    return lists.every((length) => length === count)
  })
}

test('a cause is discarded at all its endpoints, for a reason, without what was never tried', async () => {
  const { ask, pombo } = stand
  const { app, waits, too, over } = await failing(2)
  await ask('POST', `/app/${app.id}/endpoint/${waits.id}/pause`)
  await ask('POST', `/app/${app.id}/msg`, { eventType: 'never.tried', payload: {} })
  await listed(app, [too, over], 3)
  const { page, go, refused, faults, leave } = await meet(pombo.url, { key: pombo.key })
  await go(`/failed?app=${app.id}&group=cause`)
  await page.getByRole('link', { name: cause }).click()
  const groups = page.getByRole('table', { name: w('failed.title') })
  await groups.getByRole('row').nth(3).waitFor()
  await page.getByRole('heading', { level: 2 }).getByText(cause).waitFor()
  await page.getByRole('button', { name: w('failed.discardAll') }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('order.paid').first().waitFor()
  await dialog.getByRole('button', { name: w('failed.bulk.godiscard', { count: 5 }) }).click()
  await dialog.getByText(w('failed.bulk.reasonNeeded')).waitFor()
  await dialog.getByLabel(w('failed.bulk.reason')).fill('customer gone')
  await dialog.getByRole('button', { name: w('failed.bulk.godiscard', { count: 5 }) }).click()
  await page.waitForURL(/\/tasks\//)
  await page.getByRole('paragraph').getByText(w('tasks.finished'), { exact: true }).waitFor()
  await page.getByText(w('tasks.summary', { done: 5, skipped: '0' })).waitFor()
  const stats = async (id: string) => await ask('GET', `/app/${app.id}/endpoint/${id}/stats`)
  expect(await stats(waits.id)).toMatchObject({ pending: 1, canceled: 2 })
  expect(await stats(too.id)).toMatchObject({ pending: 0, canceled: 3 })
  expect(await stats(over.id)).toMatchObject({ fail: 3, canceled: 0 })
  expect([...faults, ...refused]).toEqual([])
  await leave()
})

test('on a phone, what fails at an endpoint is named, and one chosen by hand is sent again alone', async () => {
  const { pombo, receiver, mended } = stand
  const { app, waits } = await failing(3)
  const { page, go, refused, faults, leave } = await meet(pombo.url, {
    key: pombo.key,
    size: phone,
    touch: true,
  })
  await go(`/failed?app=${app.id}`)
  await page.getByRole('row').filter({ hasText: waits.url }).getByText(cause).tap()
  await page.getByRole('link', { name: waits.url }).waitFor()
  const deliveries = page.getByRole('table', { name: w('failed.deliveries') })
  await deliveries.getByRole('row').nth(3).waitFor()
  const path = new URL(waits.url).pathname
  mended.add(path)
  const came = () => receiver.received.filter((one) => one.path === path).length
  const before = came()
  await deliveries.getByRole('checkbox').nth(1).tap()
  await page.getByText(w('failed.chosen', { count: 1 })).waitFor()
  await page.getByRole('button', { name: w('failed.retry'), exact: true }).tap()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: w('failed.bulk.goretry', { count: 1 }) })
    .tap()
  await page.getByText(w('tasks.summary', { done: 1, skipped: '0' })).waitFor()
  await until(() => came() === before + 1)
  await page.goBack()
  await deliveries.getByRole('row').nth(2).waitFor()
  await until(async () => (await deliveries.getByRole('row').count()) === 3)
  expect([...faults, ...refused]).toEqual([])
  await leave()
})

test('a task’s progress is there after a reload, and it can be canceled on the way', async () => {
  const { ask, pombo } = stand
  const { app, over } = await failing(5)
  const task = await ask('POST', '/bulk', {
    action: 'replay',
    ratePerSecond: 0.1,
    filter: { appId: app.id, endpointId: over.id, states: ['exhausted'] },
  })
  const { page, go, refused, faults, leave } = await meet(pombo.url, { key: pombo.key })
  await go(`/failed?app=${app.id}`)
  await page
    .getByRole('table', { name: w('failed.recent') })
    .getByRole('link')
    .first()
    .click()
  await page.waitForURL(`**/tasks/${task.id}*`)
  await page.getByText(w('tasks.running')).waitFor()
  await page.reload()
  await page.getByText(w('tasks.running')).waitFor()
  await page.getByRole('progressbar').waitFor()
  await page.getByRole('button', { name: w('tasks.cancel') }).click()
  await page.getByText(w('tasks.canceled'), { exact: true }).waitFor()
  const { data } = await ask('GET', `/background-task/${task.id}`)
  expect(data.done).toBeLessThan(5)
  await page
    .getByText(w('tasks.summary', { done: data.done, skipped: String(data.skipped) }))
    .waitFor()
  expect([...faults, ...refused]).toEqual([])
  await leave()
})
