import { describe, expect, test } from 'vitest'
import { configOf, fileWith, problemsOf } from '../../test/support/loaded-config.ts'

describe('files', () => {
  test('lines and JSON say the same', () => {
    const lines = fileWith(
      [
        '# a comment',
        'export POMBO_LISTEN = "0.0.0.0:80" # why',
        '',
        "POMBO_ALLOW_SUBNETS='10.0.0.0/8,fd00::/8'",
        'POMBO_HTTPS_ONLY=true # c',
        'POMBO_COMMIT_BATCH=7',
        '',
      ].join('\n'),
    )
    const json = fileWith(
      JSON.stringify({
        POMBO_LISTEN: '0.0.0.0:80',
        POMBO_ALLOW_SUBNETS: ['10.0.0.0/8', 'fd00::/8'],
        POMBO_HTTPS_ONLY: true,
        POMBO_COMMIT_BATCH: 7,
      }),
      'pombo.json',
    )
    expect(configOf({}, lines)).toEqual(configOf({}, json))
    expect(configOf({}, lines)).toMatchObject({
      listen: { host: '0.0.0.0', port: 80 },
      allowSubnets: ['10.0.0.0/8', 'fd00::/8'],
      httpsOnly: true,
      commitBatch: 7,
    })
  })

  test('a # inside a value is part of it', () => {
    const config = configOf(
      {},
      fileWith(
        'DATABASE_URL=postgres://me:a#b@db/pombo\n'.replace('#', '%23') +
          'POMBO_API_KEY=0123456789abcdef#g\n',
      ),
    )
    expect(config.apiKey).toBe('0123456789abcdef#g')
  })

  test('every bad line is named by its number', () => {
    const file = fileWith(
      'POMBO_COMMIT_BATCH=7\njust words\nPOMBO_COMMIT_BATCH=8\nPOMBO_DATA_DIR="open\n',
    )
    expect(problemsOf({}, file)).toEqual([
      expect.stringContaining('line 2 is not of the form KEY=VALUE'),
      expect.stringContaining('line 3: POMBO_COMMIT_BATCH is set a second time'),
      expect.stringContaining("line 4: the quote that opens POMBO_DATA_DIR's value"),
    ])
  })

  test('any unknown name in a file is refused, as the file is only for Pombo', () => {
    expect(problemsOf({}, fileWith('DATABSE_URL=postgres://db/pombo\n'))).toEqual([
      expect.stringContaining('Did you mean DATABASE_URL?'),
    ])
  })

  test('a missing file, bad JSON and nested JSON are refused', () => {
    expect(problemsOf({ POMBO_CONFIG: '/nowhere/pombo.env' })).toEqual([
      expect.stringContaining('there is no such file'),
    ])
    expect(problemsOf({}, fileWith('{"POMBO_API_KEY": "hunter2" oops}'))[0]).toMatch(
      /is not valid JSON/,
    )
    expect(problemsOf({}, fileWith('{"POMBO_API_KEY": "hunter2" oops}'))[0]).not.toContain(
      'hunter2',
    )
    expect(problemsOf({}, fileWith('{"POMBO_LISTEN": {"host": "a"}}'))).toEqual([
      expect.stringContaining('POMBO_LISTEN must be text'),
    ])
  })
})
