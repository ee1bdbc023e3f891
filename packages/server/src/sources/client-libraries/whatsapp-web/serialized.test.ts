import { expect, test } from 'vitest'
import { splitId } from './serialized.ts'

test.each([
  ['true_5511999999999@c.us_3EB0', [true, '5511999999999@c.us', '3EB0', null]],
  ['false_120363@g.us_3EB0_5511@c.us', [false, '120363@g.us', '3EB0', '5511@c.us']],
])('%s is taken apart', (id, [fromMe, chatId, messageId, participant]) => {
  expect(splitId(id)).toEqual({ fromMe, chatId, messageId, participant })
})

test('what is no id is seen to be none in no time, however long it is', () => {
  const startedAt = performance.now()
  for (const piece of ['@', '_', 'a', '@_']) splitId(`true_${piece.repeat(300_000)}`)
  // Read again from each sign, the first alone would be minutes.
  expect(performance.now() - startedAt).toBeLessThan(5_000)
})
