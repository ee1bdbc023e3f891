import { expect, test } from 'vitest'
import { readConfig } from '../../../../examples/baileys-gateway/src/config.ts'
import { qrLines } from '../../../../examples/baileys-gateway/src/qr-terminal.ts'
import { decideReconnect, explain } from '../../../../examples/baileys-gateway/src/reconnect.ts'

const decide = (code: number | undefined, attempt = 0) => decideReconnect(code, attempt, () => 1)

test.each([401, 403, 406])('%d ends the session, and its login is forgotten', (code) => {
  expect(decide(code)).toMatchObject({ action: 'stop', forget: true })
})

test('402, a ban for a time, ends the session and keeps its login', () => {
  expect(decide(402)).toMatchObject({ action: 'stop', forget: false })
})

test('515 follows every pairing: at once, and without a word', () => {
  expect(decide(515, 9)).toEqual({ action: 'reconnect', afterMs: 0, announce: false })
})

test('440, another program in its place, ends the session: coming back, each would throw the other out', () => {
  expect(decide(440)).toMatchObject({ action: 'stop', forget: false })
})

test.each([
  [408, 'WebSocket Error (getaddrinfo ENOTFOUND web.whatsapp.com)', /: is it online/],
  [408, 'QR refs attempts ended', /nobody scanned the code/],
  [405, 'Connection Failure', /update it/],
  [428, 'Connection Terminated', /^428: Connection Terminated$/],
  [undefined, undefined, /^no reason given$/],
])('%s "%s" is told with what may help', (code, message, told) => {
  expect(explain(code, message)).toMatch(told)
})

test.each([408, 411, 428, 500, 503, undefined])('%s is tried again, later each time', (code) => {
  const waits = [0, 1, 2, 6, 5_000].map((attempt) => decide(code, attempt))
  expect(waits).toEqual(
    [1_000, 2_000, 4_000, 60_000, 60_000].map((afterMs) => ({
      action: 'reconnect',
      afterMs,
      announce: true,
    })),
  )
  expect(decideReconnect(code, 0, () => 0)).toMatchObject({ afterMs: 500 })
})

test('a code for the terminal is square, with its quiet zone', () => {
  const lines = qrLines('2@'.padEnd(230, 'x'))
  // oxlint-disable-next-line no-control-regex -- the terminal's colours
  const rows = lines.map((line) => line.replace(/\x1b\[[\d;]*m/g, ''))
  const width = rows[0]!.length
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([width]))
  expect(rows.length).toBe(Math.ceil(width / 2))
  expect(rows[0]!.trim()).toBe('')
  expect(rows[1]!.slice(0, 9)).toBe('  █▀▀▀▀▀█')
})

test('what is missing is named at once', () => {
  expect(() => readConfig({})).toThrow('Set DATABASE_URL and POMBO_TOKEN')
  expect(readConfig({ DATABASE_URL: 'x', POMBO_TOKEN: 'y', SESSION: 'a/b' })).toMatchObject({
    pomboUrl: 'http://127.0.0.1:8071',
    bufferDir: 'buffer/a%2Fb',
  })
})
