import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { integer, oneOf } from '../core/setting-kinds.ts'
import { command, flag, option } from './command.ts'

let out = ''
let err = ''
const received: unknown[] = []

const sample = command({
  name: 'sample',
  summary: 'A sample',
  about: 'For tests.',
  options: {
    count: option(integer(1, 9), 'n', 'How many', 3),
    colour: option(oneOf('red', 'green'), 'colour', 'Which'),
    quiet: flag('Say little', 'q'),
  },
  examples: [['pombo sample --count 2', 'Two']],
  run: async (values) => {
    received.push(values)
    return 0
  },
})

beforeEach(() => {
  out = ''
  err = ''
  received.length = 0
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true))
})

afterEach(() => vi.restoreAllMocks())

test('options come typed, with their defaults', async () => {
  expect(await sample.execute([])).toBe(0)
  expect(await sample.execute(['--count=4', '--colour', 'green', '-q'])).toBe(0)
  expect(received).toEqual([
    { count: 3, colour: undefined, quiet: false },
    { count: 4, colour: 'green', quiet: true },
  ])
})

test('every wrong option is named at once, and nothing runs', async () => {
  expect(
    await sample.execute(['--count', '12', '--color', 'red', '--quiet=no', 'extra', '--colour']),
  ).toBe(2)
  expect(received).toEqual([])
  expect(err).toContain(
    '--count cannot be "12": it is more than 9. It takes a whole number from 1 to 9.',
  )
  expect(err).toContain('There is no option --color. Did you mean --colour?')
  expect(err).toContain('--quiet takes no value.')
  expect(err).toContain('--colour needs a value: one of red, green.')
  expect(err).toContain('See "pombo sample --help".')
})

test('help lists options with defaults, and examples, and runs nothing', async () => {
  expect(await sample.execute(['--count', '12', '--help'])).toBe(0)
  expect(received).toEqual([])
  expect(out).toContain('--count <n>')
  expect(out).toContain('How many (default 3)')
  expect(out).toContain('pombo sample --count 2')
  expect(out).toContain('Exit codes: 0 done')
})
