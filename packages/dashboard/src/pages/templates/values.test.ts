import { expect, test } from 'vitest'
import type { Template } from '../../api/shapes.ts'
import { wrongValues } from './values.ts'

const words = { en: '', 'pt-BR': '' }
const field = { label: words, help: null, example: '', pattern: null, optional: false }
const fields: Template['fields'] = [
  { ...field, name: 'url', kind: 'url' },
  { ...field, name: 'token', kind: 'secret', pattern: '\\d+:\\w+' },
  { ...field, name: 'note', kind: 'text', optional: true },
]

test('says of each field what is wrong with it, and nothing of what fits or may be left out', () => {
  expect(wrongValues(fields, {})).toEqual({ url: 'missing', token: 'missing' })
  expect(wrongValues(fields, { url: 'example.com', token: 'x 1:a' })).toEqual({
    url: 'url',
    token: 'pattern',
  })
  expect(wrongValues(fields, { url: ' https://example.com/x ', token: '1:a' })).toEqual({})
})
