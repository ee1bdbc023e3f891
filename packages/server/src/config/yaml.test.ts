import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { configSchema } from '../cli/config-schema.ts'
import { inYaml, keyOf } from './names.ts'
import { allSettings, loadConfigFile } from './config.ts'
import { fileWith } from '../../test/support/loaded-config.ts'

describe('YAML', () => {
  const load = async (content: string, env: Record<string, string> = {}) => {
    const file = fileWith(content, 'pombo.yaml')
    const loaded = await loadConfigFile({ env, file })
    return {
      config: loaded.ok ? loaded.config : undefined,
      problems: loaded.ok ? [] : loaded.problems.map((one) => one.replaceAll(file, 'FILE')),
    }
  }

  test('says the same as variables, by their names in camel case; the environment beats it', async () => {
    const { config, problems } = await load(
      `# a comment
listen: 0.0.0.0:80
allowSubnets: [10.0.0.0/8, 'fd00::/8']
httpsOnly: true
commitBatch: 7
commitBufferBytes: 16777216
databaseUrl: "postgres://db/pombo"
POMBO_SHUTDOWN_GRACE_MS: 1500
corsOrigins:
  - https://a.example.com
apiKey: null
`,
      { POMBO_COMMIT_BATCH: '20' },
    )
    expect(problems).toEqual([])
    expect(config).toMatchObject({
      listen: { host: '0.0.0.0', port: 80 },
      allowSubnets: ['10.0.0.0/8', 'fd00::/8'],
      httpsOnly: true,
      commitBatch: 20,
      commitBufferBytes: 16_777_216,
      databaseUrl: 'postgres://db/pombo',
      shutdownGraceMs: 1_500,
      corsOrigins: ['https://a.example.com'],
    })
    expect(config).not.toHaveProperty('apiKey')
  })

  test('every mistake is named at once, with its line, and unknown names with the nearest', async () => {
    const { problems } = await load(
      `listen: 8071
databseUrl: postgres://db/pombo
commitBatch: 0
maxBodyBytes: {a: 1}
apiKey: hunter2
POMBO_LISTEN: 0.0.0.0:80
allowSubnets: ['10.0.0.0/8,fd00::/8']
`,
    )
    expect(problems).toEqual([
      'FILE, line 2: databseUrl is no setting of Pombo. Did you mean databaseUrl?',
      'FILE, line 4: maxBodyBytes must be text, a number, true or false, or a list of them.',
      'FILE, line 6: POMBO_LISTEN is set a second time, as listen in line 1.',
      'FILE, line 7: allowSubnets has a comma in an item of its list; make two items of it.',
      expect.stringMatching(/^listen, in FILE, line 1, cannot be "8071"/),
      expect.stringMatching(/^apiKey, in FILE, line 5, cannot be the value given \(hidden/),
      expect.stringMatching(/^commitBatch, in FILE, line 3, cannot be "0"/),
    ])
    const values = await load('apiKey: hunter2\n\ncommitBatch: 0\n')
    expect(values.problems).toEqual([
      expect.stringMatching(/^apiKey, in FILE, line 1, cannot be the value given \(hidden/),
      expect.stringMatching(
        /^commitBatch, in FILE, line 3, cannot be "0": it is less than 1\. .* Example: commitBatch: 1000$/,
      ),
    ])
    expect(JSON.stringify(values)).not.toContain('hunter2')
  })

  test('what is no YAML, or no map, is refused by its line and without what it holds', async () => {
    for (const [content, problem] of [
      ['apiKey: "hunter2\n', 'FILE, line 2: this is not valid YAML (missing char).'],
      ['commitBatch: 1\ncommitBatch: 2\n', 'FILE, line 2: this is not valid YAML (duplicate key).'],
      ['- a\n', 'FILE must hold settings, as in "listen: 0.0.0.0:8071".'],
    ] as const)
      expect((await load(content)).problems).toEqual([problem])
    expect((await load('')).problems).toEqual([])
  })

  // Renewed by: npm run -s pombo -- config --schema > docs/reference/pombo.schema.json
  test('its JSON Schema is published as it is', () => {
    expect(readFileSync('docs/reference/pombo.schema.json', 'utf8')).toBe(configSchema())
  })

  test('the schema takes every default and example, and no name that Pombo would refuse', async () => {
    const { Ajv2020 } = await import('ajv/dist/2020.js')
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(
      JSON.parse(configSchema()) as object,
    )
    const { parse } = await import('yaml')
    for (const { setting } of allSettings()) {
      const line = `${keyOf(setting.variable)}: ${inYaml(setting.kind.example)}\n`
      expect(validate(parse(line)), line).toBe(true)
      expect((await load(line)).problems, line).not.toContainEqual(
        expect.stringContaining('no setting of Pombo'),
      )
    }
    expect(validate({ listenn: 'a' })).toBe(false)
    expect(validate({ commitBatch: 0 })).toBe(false)
    expect(validate({ logLevel: 'loud' })).toBe(false)
  })
})
