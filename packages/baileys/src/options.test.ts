import { expect, test } from 'vitest'
import { checkOptions, type ConnectOptions } from './options.ts'

const good: ConnectOptions = {
  pombo: { url: 'https://pombo.example/hooks/', token: 'pombosrc_x' },
  session: 'loja 7/são',
}

test('the URL keeps its path, and the session its place in it', () => {
  const { target } = checkOptions(good)
  expect(target.url).toBe('https://pombo.example/hooks/ingest/baileys/loja%207%2Fs%C3%A3o')
})

test('creds.update is never forwarded, whatever is chosen', () => {
  expect([...checkOptions({ ...good, skip: ['call'] }).skip]).toEqual(['call', 'creds.update'])
})

test('the bound is 10,000 events and 64 MiB in memory, 1,000,000 and 1 GiB on the disk', () => {
  expect(checkOptions(good).bound).toEqual({ events: 10_000, bytes: 67_108_864 })
  const onDisk = checkOptions({ ...good, buffer: { directory: 'x' } })
  expect(onDisk.bound).toEqual({ events: 1_000_000, bytes: 1_073_741_824 })
  expect(onDisk.memoryBound).toEqual({ events: 10_000, bytes: 67_108_864 })
})

test.each<[string, object]>([
  ['pombo.url must be an http or https URL', { pombo: { ...good.pombo, url: 'pombo:8071' } }],
  ['pombo.token must be', { pombo: { url: good.pombo.url } }],
  ['pombo.token must be', { pombo: { ...good.pombo, token: 'a b' } }],
  ['session must be a name', { session: '' }],
  ['buffer.maxEvents must be a whole number above 0', { buffer: { maxEvents: 0 } }],
  ['buffer.maxBytes must be', { buffer: { directory: 'x', maxBytes: 1.5 } }],
  ['buffer.directory must be a path', { buffer: { directory: '' } }],
  ['buffer.fsync must be always, interval or never', { buffer: { fsync: 'sometimes' } }],
  ['batch.maxEvents must be', { batch: { maxEvents: -1 } }],
  ['pombo.timeoutMs must be', { pombo: { ...good.pombo, timeoutMs: Number.NaN } }],
])('%s', (message, wrong) => {
  expect(() => checkOptions({ ...good, ...wrong } as ConnectOptions)).toThrow(
    `connectBaileys: ${message}`,
  )
})
