import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decryptMedia, encryptedLength, type MediaKind } from './media.ts'

const infos: Record<MediaKind, string> = {
  image: 'WhatsApp Image Keys',
  sticker: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  audio: 'WhatsApp Audio Keys',
  ptt: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
}
const kinds = Object.keys(infos) as MediaKind[]

/** What a WhatsApp client uploads, by node:crypto, which shares no code with the helper. */
function encrypt(file: Uint8Array, mediaKey: Uint8Array, kind: MediaKind, pad = true): Buffer {
  const keys = Buffer.from(hkdfSync('sha256', mediaKey, '', infos[kind], 112))
  const iv = keys.subarray(0, 16)
  const cipher = createCipheriv('aes-256-cbc', keys.subarray(16, 48), iv).setAutoPadding(pad)
  const ciphertext = Buffer.concat([cipher.update(file), cipher.final()])
  const mac = createHmac('sha256', keys.subarray(48, 80)).update(iv).update(ciphertext).digest()
  return Buffer.concat([ciphertext, mac.subarray(0, 10)])
}

const mediaKey = randomBytes(32)
const base64 = mediaKey.toString('base64')

test.each([0, 1, 15, 16, 17, 12_345])(
  'a file of %d bytes has the foretold download length and comes back',
  async (fileLength) => {
    const file = randomBytes(fileLength)
    for (const kind of kinds) {
      const encrypted = encrypt(file, mediaKey, kind)
      expect(encrypted.length).toBe(encryptedLength(fileLength))
      expect(Buffer.from(await decryptMedia(encrypted, base64, kind))).toEqual(file)
    }
  },
)

test('any file comes back, also out of a slice or an ArrayBuffer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom(...kinds),
      async (file, kind) => {
        const encrypted = encrypt(file, mediaKey, kind)
        const slice = new Uint8Array([1, 2, ...encrypted, 3]).subarray(2, -1)
        for (const form of [slice, Uint8Array.from(encrypted).buffer])
          expect(Array.from(await decryptMedia(form, base64, kind))).toEqual(Array.from(file))
      },
    ),
  )
})

test('a change in any byte is refused, the MAC included', async () => {
  const encrypted = encrypt(randomBytes(40), mediaKey, 'image')
  for (let at = 0; at < encrypted.length; at++) {
    const changed = Buffer.from(encrypted)
    changed[at]! ^= 0x40
    await expect(decryptMedia(changed, base64, 'image')).rejects.toMatchObject({ code: 'bad_mac' })
  }
})

test('another key, or a kind with another derivation, is refused', async () => {
  const encrypted = encrypt(randomBytes(40), mediaKey, 'image')
  const other = randomBytes(32).toString('base64')
  await expect(decryptMedia(encrypted, other, 'image')).rejects.toMatchObject({ code: 'bad_mac' })
  await expect(decryptMedia(encrypted, base64, 'video')).rejects.toMatchObject({ code: 'bad_mac' })
})

test('an incomplete download is told apart from a changed one', async () => {
  const encrypted = encrypt(randomBytes(40), mediaKey, 'image')
  for (const length of [0, 9, 10, 11, 25, encrypted.length - 1])
    await expect(
      decryptMedia(encrypted.subarray(0, length), base64, 'image'),
    ).rejects.toMatchObject({
      code: 'bad_length',
    })
})

test('a file that was authenticated but not padded is refused', async () => {
  const encrypted = encrypt(Buffer.alloc(32), mediaKey, 'image', false)
  await expect(decryptMedia(encrypted, base64, 'image')).rejects.toMatchObject({
    code: 'bad_padding',
  })
})

test.each(['', 'short', '***', randomBytes(31).toString('base64')])(
  'the media key %j is refused',
  async (key) => {
    await expect(
      decryptMedia(encrypt(randomBytes(1), mediaKey, 'image'), key, 'image'),
    ).rejects.toMatchObject({
      name: 'MediaError',
      code: 'bad_key',
    })
  },
)

test('a kind that WhatsApp does not have is refused, inherited names too', async () => {
  for (const kind of ['gif', 'toString'] as unknown as MediaKind[])
    await expect(decryptMedia(new Uint8Array(26), base64, kind)).rejects.toThrow('one of image')
})

test('a length that is no length is refused', () => {
  for (const length of [-1, 1.5, Number.NaN])
    expect(() => encryptedLength(length)).toThrow(RangeError)
})
