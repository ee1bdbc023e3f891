import { expect, test } from 'vitest'
import { createStatusSteps } from './status-steps.ts'

const key = { remoteJid: '5511999990001@s.whatsapp.net', fromMe: true, id: 'A1' }
const lidKey = { remoteJid: '112233@lid', remoteJidAlt: key.remoteJid, fromMe: true, id: 'A1' }
const update = (status: number, of: object = key) => [
  { key: of, update: { status, messageTimestamp: 7 } },
]
const statuses = (items: unknown) =>
  (items as { update: { status: number }; inferred?: boolean }[]).map(
    ({ update: { status }, inferred }) => (inferred ? `${status} inferred` : status),
  )

test('read without delivered is preceded by delivered, at the same time and marked', () => {
  const steps = createStatusSteps()
  expect(steps.completeUpdates(update(4))).toEqual([
    { key, update: { status: 3, messageTimestamp: 7 }, inferred: true },
    { key, update: { status: 4, messageTimestamp: 7 } },
  ])
  expect(steps.inferred).toBe(1)
})

test('a step that was told is not inferred again', () => {
  const steps = createStatusSteps()
  expect(statuses(steps.completeUpdates(update(3)))).toEqual([3])
  expect(statuses(steps.completeUpdates(update(4)))).toEqual([4])
  expect(statuses(steps.completeUpdates(update(5)))).toEqual([5])
  expect(statuses(steps.completeUpdates(update(3)))).toEqual([3])
})

test('played without anything before gets both', () => {
  const steps = createStatusSteps()
  expect(statuses(steps.completeUpdates(update(5)))).toEqual(['3 inferred', '4 inferred', 5])
})

test("the upsert's own status counts, under either identity of the chat", () => {
  const steps = createStatusSteps()
  steps.sawUpsert({ messages: [{ key: lidKey, status: 3 }] })
  expect(statuses(steps.completeUpdates(update(4)))).toEqual([4])
})

test("others' messages, failures and updates that say nothing of a status are left alone", () => {
  const steps = createStatusSteps()
  const items = [
    ...update(4, { ...key, fromMe: false }),
    ...update(0),
    { key, update: { starred: true } },
    { odd: true },
  ]
  expect(steps.completeUpdates(items)).toEqual(items)
  expect(steps.completeUpdates('odd')).toBe('odd')
})

test('a member of a group who has read it has had it before', () => {
  const steps = createStatusSteps()
  const group = { ...key, remoteJid: '1203@g.us' }
  const read = (userJid: string) => ({ key: group, receipt: { userJid, readTimestamp: 9 } })
  const had = { key: group, receipt: { userJid: 'b@lid', receiptTimestamp: 8 } }
  expect(steps.completeReceipts([read('a@lid'), had, read('b@lid')])).toEqual([
    {
      key: group,
      receipt: { userJid: 'a@lid', userJidAlt: undefined, receiptTimestamp: 9 },
      inferred: true,
    },
    read('a@lid'),
    had,
    read('b@lid'),
  ])
})

test('what is remembered is bounded, the oldest go first', () => {
  const steps = createStatusSteps(2)
  for (const id of ['1', '2', '3']) steps.completeUpdates(update(3, { ...key, id }))
  expect(statuses(steps.completeUpdates(update(4, { ...key, id: '3' })))).toEqual([4])
  expect(statuses(steps.completeUpdates(update(4, { ...key, id: '1' })))).toEqual(['3 inferred', 4])
})
