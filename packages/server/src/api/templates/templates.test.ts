import { describe, expect, test } from 'vitest'
import { compileExpression } from '../../core/expression.ts'
import { endpointIn } from '../endpoints/schema.ts'
import { templates } from './catalogue.ts'
import { checkValues } from './template.ts'

const kinds = { payload: 'any', headers: 'map', path: 'string' } as const

test('each template has an id of its own', () => {
  const ids = templates.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

describe.each(templates)('$name', (template) => {
  const examples = Object.fromEntries(template.fields.map(({ name, example }) => [name, example]))

  test('takes its own examples, all of them and the least of them', () => {
    const least = Object.fromEntries(
      template.fields.flatMap(({ name, example, optional }) => (optional ? [] : [[name, example]])),
    )
    for (const given of [examples, least]) {
      const { transform } = endpointIn.parse(template.endpoint(checkValues(template, given)))
      for (const part of ['payload', 'headers', 'path'] as const)
        if (transform?.[part] !== undefined)
          expect(compileExpression(transform[part], kinds[part])).toMatchObject({ ok: true })
    }
  })

  test('says all it says in both languages', () => {
    const said = [
      template.about,
      ...template.fields.flatMap(({ label, help }) => [label, ...(help ? [help] : [])]),
    ]
    for (const words of said) {
      expect(words.en).not.toBe('')
      expect(words['pt-BR']).not.toBe('')
    }
  })
})

test('values cannot leave the place that they are put in', () => {
  const telegram = templates.find(({ id }) => id === 'telegram')!
  for (const values of [
    { token: '1:x/../y', chat: '1' },
    { token: '1:x', chat: '1", "text": "' },
    { token: '1:x', chat: '1', server: 'api.telegram.org' },
  ])
    expect(() => checkValues(telegram, values)).toThrow(/must be/)
})
