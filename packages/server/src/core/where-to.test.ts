import { expect, test } from 'vitest'
import { whereTo } from './where-to.ts'

function shown(location: string): string {
  return whereTo({
    kind: 'refused',
    statusCode: 302,
    responseHeaders: { location },
  } as unknown as Parameters<typeof whereTo>[0])
}

test.each(['', '   '])('a Location that says nothing (%j) is none', (location) => {
  expect(shown(location)).toBe('')
})

test('a Location that is cut says so', () => {
  const base = 'https://a.example/'
  expect(shown(base + 'x'.repeat(482))).toContain(`${base}${'x'.repeat(482)} (`)
  expect(shown(base + 'x'.repeat(483))).toContain(`${base}${'x'.repeat(482)}… (`)
})
