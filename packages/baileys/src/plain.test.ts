import { expect, test } from 'vitest'
import { plain } from './plain.ts'

test('Longs become numbers, and text where a number would lose digits', () => {
  expect(
    plain({
      seconds: { low: 1_762_510_200, high: 0, unsigned: true },
      size: { low: -1, high: -1, unsigned: true },
      past: { low: -5, high: -1, unsigned: false },
      big: 12345678901234567890n,
      small: 12n,
    }),
  ).toEqual({
    seconds: 1_762_510_200,
    size: '18446744073709551615',
    past: -5,
    big: '12345678901234567890',
    small: 12,
  })
})

test('bytes of any kind become base64, views of a larger buffer included', () => {
  const shared = new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4)
  expect(plain([shared, Buffer.from([1, 2, 3]), new Uint8Array(0)])).toEqual(['AQID', 'AQID', ''])
})

test('what JSON has no form for keeps its sense', () => {
  expect(
    plain({
      at: new Date(0),
      never: new Date(Number.NaN),
      url: new URL('https://mmg.whatsapp.net/a'),
      set: new Set([1]),
      map: new Map([['a', { n: 1 }]]),
      nan: Number.NaN,
      gone: undefined,
      none: null,
      call: () => 1,
      list: [undefined, 1],
    }),
  ).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    never: null,
    url: 'https://mmg.whatsapp.net/a',
    set: [1],
    map: { a: { n: 1 } },
    nan: null,
    none: null,
    list: [null, 1],
  })
})

test('an error is what it says, without what it carries', () => {
  const output = { statusCode: 401, payload: { message: 'Gone' }, headers: { cookie: 'x' } }
  const error = Object.assign(new Error('Stream Errored (conflict)'), {
    isBoom: true,
    output,
    data: { authorization: 'secret' },
  })
  expect(plain({ lastDisconnect: { error } })).toEqual({
    lastDisconnect: {
      error: {
        name: 'Error',
        message: 'Stream Errored (conflict)',
        output: { statusCode: 401, payload: { message: 'Gone' } },
      },
    },
  })
})

test.each([
  'noiseKey',
  'signedIdentityKey',
  'signedPreKey',
  'pairingEphemeralKeyPair',
  'advSecretKey',
  'senderKeyDistributionMessage',
  'fastRatchetKeySenderKeyDistributionMessage',
  'appStateSyncKeyShare',
  'tcToken',
  'creds',
])('%s is left out wherever it stands', (name) => {
  const secret = { [name]: { keyData: new Uint8Array(32) }, kept: 1 }
  expect(plain([{ deep: [secret] }])).toEqual([{ deep: [{ kept: 1 }] }])
})

test('a key pair of any name loses its private half; a group that is private does not', () => {
  const pair = { private: new Uint8Array(32), public: new Uint8Array(32) }
  expect(plain({ pair })).toEqual({ pair: { public: Buffer.alloc(32).toString('base64') } })
  expect(plain({ private: true })).toEqual({ private: true })
})

test("a file's key and a poll's secret stay: whoever gets the message needs them", () => {
  const message = {
    messageContextInfo: { messageSecret: Buffer.from('s') },
    imageMessage: { mediaKey: Buffer.from('k') },
  }
  expect(plain(message)).toEqual({
    messageContextInfo: { messageSecret: 'cw==' },
    imageMessage: { mediaKey: 'aw==' },
  })
})

test('the original is left as it was', () => {
  const original = Object.freeze({
    key: Object.freeze({ id: '1', senderKeyDistributionMessage: Object.freeze({}) }),
    bytes: new Uint8Array([1]),
  })
  plain(original)
  expect(original.bytes).toBeInstanceOf(Uint8Array)
  expect(Object.keys(original.key)).toEqual(['id', 'senderKeyDistributionMessage'])
})

test('one object in two places is written twice; one within itself is refused', () => {
  const one = { a: 1 }
  expect(plain([one, one])).toEqual([one, one])
  const round: Record<string, unknown> = {}
  round['self'] = round
  expect(() => plain(round)).toThrow('refers to itself')
})
