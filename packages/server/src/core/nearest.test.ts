import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

test.each([
  ['srve', 'serve'],
  ['sevre', 'serve'],
  ['SERVE', 'serve'],
  ['sreve', 'serve'],
  ['doctr', 'doctor'],
  ['POMBO_ALOW_SUBNET', 'POMBO_ALLOW_SUBNETS'],
])('%s probably meant %s', (given, meant) => {
  expect(nearest(given, ['serve', 'sink', 'doctor', 'POMBO_ALLOW_SUBNETS'])).toBe(meant)
})

test('a word that resembles nothing meant nothing', () => {
  for (const word of ['foo', '', 'xylophone', 'sing-along'])
    expect(nearest(word, ['serve', 'doctor'])).toBeUndefined()
})
