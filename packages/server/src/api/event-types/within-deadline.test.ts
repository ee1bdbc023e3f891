import { expect, test } from 'vitest'
import { CheckTime, withinDeadline } from './within-deadline.ts'

const long = { pattern: '^(a+)+$' }
const forever = () => {
  for (;;);
}

test('what a sender may take of the thread is bounded, however many schemas are made for it', () => {
  let now = 0
  const time = new CheckTime(() => now)
  const checks = Array.from({ length: 60 }, () => withinDeadline(long, forever))
  const before = process.threadCpuUsage()
  const answers = checks.map((check) => check({}, time))
  const { user, system } = process.threadCpuUsage(before)
  // Sixty deadlines of 250 ms would be 15 s.
  expect((user + system) / 1_000).toBeLessThan(1_000)
  expect(answers[0]).toBe('late')
  expect(answers.at(-1)).toBe('no-time')
  // Half a second later there is something, but too little to judge by; what takes little is checked by it.
  now += 500
  expect(withinDeadline(long, () => 'checked')({}, time)).toBe('checked')
  expect(checks[0]!({}, time)).toBe('no-time')
  now += 2_000
  expect(checks[0]!({}, time)).toBe('late')
})

test('what takes no long time costs nothing of it, and no other sender pays for the first', () => {
  const spent = new CheckTime(() => 0)
  withinDeadline(long, forever)({}, spent)
  const other = new CheckTime(() => 0)
  const check = withinDeadline(long, () => 'checked')
  expect(Array.from({ length: 300 }, () => check({}, other))).toEqual(Array(300).fill('checked'))
  expect(withinDeadline({ type: 'object' }, () => 'checked')({}, spent)).toBe('checked')
})
