import { expect, test } from 'vitest'
import { findFiles, mimetypeOf, readFile } from './take-out.ts'

const file = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64')

test('base64 members are found at any depth, by their form and size, with their type', () => {
  const value = {
    a: { list: [{ data: file(2_000), mimetype: 'image/png; charset=x' }] },
    b: `data:audio/ogg;codecs=opus;base64,${file(1_500)}`,
    c: file(1_499),
    d: 'not base64 '.repeat(500),
  }
  const found = findFiles(value, 1_500)
  expect(found.map(({ bytes, mimetype }) => `${bytes.length} ${mimetype}`).toSorted()).toEqual([
    '1500 audio/ogg',
    '2000 image/png',
  ])
  for (const one of found) one.replace('gone')
  expect(value.a.list[0]!.data).toBe('gone')
  expect(value.b).toBe('gone')
  expect(value.c).toHaveLength(2_000)
})

test('WhatsApp’s own reference to a file is left alone, whatever its length', () => {
  const reference = { mediaKey: file(3_000), fileSha256: file(3_000), url: file(3_000) }
  expect(
    findFiles({ raw_media: { anything: file(3_000) }, imageMessage: reference }, 1_024),
  ).toEqual([])
})

test('what goes down ten thousand levels is gone through', () => {
  let value: object = { data: file(2_000) }
  for (let i = 0; i < 10_000; i++) value = { value }
  expect(findFiles(value, 1_024)).toHaveLength(1)
})

test('only base64 is read as a file, and only a type as a type', () => {
  expect(readFile('%'.repeat(3_000), 1_024)).toBeUndefined()
  expect(readFile(file(1_023), 1_024)).toBeUndefined()
  expect(
    readFile(file(1_024).replaceAll('+', '-').replaceAll('/', '_'), 1_024)?.bytes,
  ).toHaveLength(1_024)
  expect(mimetypeOf('Image/JPEG; q=1')).toBe('image/jpeg')
  expect(mimetypeOf('text/html\r\nset-cookie: a')).toBeNull()
  expect(mimetypeOf(7)).toBeNull()
})
