import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { configReference } from '../cli/config-reference.ts'
import { takeUp } from './changes.ts'
import { documented } from '../dialects/settings.ts'
import { allSettings, loadConfig } from './config.ts'
import { configOf, fileWith, problemsOf } from '../../test/support/loaded-config.ts'

describe('values', () => {
  test('with nothing set every key has its documented default', () => {
    expect(configOf({})).toEqual({
      listen: { host: '127.0.0.1', port: 8071 },
      processes: 1,
      maxBodyBytes: 1_048_576,
      shutdownGraceMs: 20_000,
      trustedProxies: [],
      basePath: '',
      socketMode: 0o660,
      corsOrigins: [],
      dataDir: './.pombo',
      databaseConnections: 20,
      cacheBytes: 67_108_864,
      readMaxLagMs: 10_000,
      readConnections: 10,
      retentionDays: 30,
      allowSubnets: [],
      httpsOnly: false,
      egressNoProxy: [],
      egressHttp2: false,
      egressTlsMin: '1.2',
      signatureHeaders: 'webhook',
      maxInFlight: 20,
      otelDisabled: false,
      otelUnread: [],
      otlpProtocol: 'http/protobuf',
      otlpCompression: 'none',
      otlpTimeoutMs: 10_000,
      otelResource: {},
      otelSampler: 'parentbased_always_on',
      otelSamplerArg: 1,
      otelPropagators: ['tracecontext'],
      otelBspDelayMs: 5_000,
      otelBspQueue: 8_192,
      otelBspBatch: 512,
      otelBlrpDelayMs: 1_000,
      otelBlrpQueue: 8_192,
      otelBlrpBatch: 512,
      otelMetricsEveryMs: 60_000,
      commitWindowMs: 3,
      commitBatch: 500,
      commitBufferMessages: 10_000,
      commitBufferBytes: 67_108_864,
      responseCapBytes: 16_384,
      leaseMs: 15_000,
      logLevel: 'info',
      logFormat: 'auto',
      outboxes: [],
      outboxApp: 'outbox',
      redisLists: [],
      redisListEnd: 'right',
      redisStreams: [],
      redisGroup: 'pombo',
      redisApp: 'redis',
      dialects: documented(),
      production: false,
    })
  })

  test('every default and every example is itself allowed', () => {
    for (const { setting } of allSettings()) {
      expect(setting.kind.schema.safeParse(setting.kind.example), setting.variable).toMatchObject({
        success: true,
      })
      for (const production of [true, false]) {
        const fallback =
          typeof setting.default === 'function' ? setting.default({ production }) : setting.default
        if (fallback)
          expect(setting.kind.schema.safeParse(fallback), setting.variable).toMatchObject({
            success: true,
          })
      }
    }
  })

  test('every variable is defined once', () => {
    const variables = allSettings().map(({ setting }) => setting.variable)
    expect(new Set(variables).size).toBe(variables.length)
    expect(variables.length).toBeGreaterThan(20)
  })

  test('the environment beats the file, and a command beats both', () => {
    const file = fileWith('POMBO_RETENTION_DAYS=1\nPOMBO_COMMIT_BATCH=2\nPOMBO_PROCESSES=3\n')
    const loaded = loadConfig({
      env: { POMBO_CONFIG: file, POMBO_COMMIT_BATCH: '20', POMBO_PROCESSES: '30' },
      overrides: { POMBO_PROCESSES: '4' },
    })
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
    expect(loaded.config).toMatchObject({ retentionDays: 1, commitBatch: 20, processes: 4 })
    const sources = Object.fromEntries(
      loaded.entries.map((entry) => [entry.variable, entry.source]),
    )
    expect(sources).toMatchObject({
      POMBO_RETENTION_DAYS: 'file',
      POMBO_COMMIT_BATCH: 'environment',
      POMBO_PROCESSES: 'command',
      POMBO_LISTEN: 'default',
      DATABASE_URL: 'unset',
    })
  })

  test('a command can unset what is set', () => {
    const loaded = loadConfig({
      env: { DATABASE_URL: 'postgres://db/pombo' },
      overrides: { DATABASE_URL: '' },
    })
    expect(loaded).toMatchObject({ ok: true })
    expect(loaded.ok && loaded.config).not.toHaveProperty('databaseUrl')
  })

  test('production refuses http endpoints unless told otherwise', () => {
    expect(configOf({ NODE_ENV: 'production' }).httpsOnly).toBe(true)
    expect(configOf({ NODE_ENV: 'production', POMBO_HTTPS_ONLY: 'no' }).httpsOnly).toBe(false)
    expect(configOf({ NODE_ENV: 'staging' })).toMatchObject({ httpsOnly: false, production: false })
  })

  test('an empty variable counts as not set', () => {
    expect(configOf({ DATABASE_URL: '', POMBO_COMMIT_BATCH: ' ' })).toMatchObject({
      commitBatch: 500,
    })
    expect(configOf({ DATABASE_URL: '' })).not.toHaveProperty('databaseUrl')
  })

  test.each([
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['localhost:8071', { host: 'localhost', port: 8071 }],
  ])('%s is an address to listen on', (given, expected) => {
    expect(configOf({ POMBO_LISTEN: given }).listen).toEqual(expected)
  })

  test.each([
    ['0', 0],
    ['1500', 1_500],
    ['1.5s', 1_500],
    ['1m30s', 90_000],
  ])('%s is a duration', (given, expected) => {
    expect(configOf({ POMBO_SHUTDOWN_GRACE_MS: given }).shutdownGraceMs).toBe(expected)
  })

  test('address ranges come as a list', () => {
    expect(configOf({ POMBO_ALLOW_SUBNETS: '10.0.0.0/8, fd00::/8,' }).allowSubnets).toEqual([
      '10.0.0.0/8',
      'fd00::/8',
    ])
  })
})

describe('refusals', () => {
  test('all problems are named at once, each with what is allowed and an example', () => {
    const problems = problemsOf({
      POMBO_LISTEN: '8071',
      POMBO_MAX_BODY_BYTES: '17000000',
      POMBO_HTTPS_ONLY: 'maybe',
      POMBO_ALOW_SUBNETS: '10.0.0.0/8',
      DATABASE_URL: 'mysql://db/pombo',
    })
    expect(problems).toHaveLength(5)
    const all = problems.join('\n')
    expect(all).toContain('POMBO_MAX_BODY_BYTES cannot be "17000000": it is more than 16777216.')
    expect(all).toContain(
      'It takes a whole number from 1024 to 16777216 (bytes). Example: POMBO_MAX_BODY_BYTES=4194304',
    )
    expect(all).toContain('it names no host (all addresses: 0.0.0.0:8071)')
    expect(all).toContain(
      'POMBO_ALOW_SUBNETS is not a variable of Pombo. Did you mean POMBO_ALLOW_SUBNETS?',
    )
  })

  test.each([
    ['POMBO_LISTEN', ['host', 'host:70000', '[1.2.3.4]:80', 'http://a:80', '::1:80']],
    ['POMBO_COMMIT_BATCH', ['0', '1.5', '1e2', '-1', 'ten', '0x10']],
    ['POMBO_SHUTDOWN_GRACE_MS', ['-1s', '5 s', '11m', 's', '5S']],
    [
      'POMBO_ALLOW_SUBNETS',
      [
        '10.0.0.1',
        '10.0.0.0/33',
        '010.0.0.0/8',
        '10.0.0/8',
        'fd00::/129',
        '10.0.0.0/-1',
        'private',
      ],
    ],
    ['POMBO_SERVER_URL', ['pombo.example.com', 'ftp://pombo.example.com']],
    ['POMBO_API_KEY', ['short', 'has a blank in the middle']],
    ['POMBO_ENCRYPTION_KEYS', ['abc', 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=,abc']],
    ['POMBO_LOG_LEVEL', ['verbose']],
  ])('%s refuses what it cannot use', (variable, values) => {
    for (const value of values) expect(problemsOf({ [variable]: value }), value).toHaveLength(1)
  })

  test.each([
    ['abc', 'cannot be "abc": it is not a duration.'],
    ['5s,abc', 'cannot be "5s,abc": of "abc", it is not a duration.'],
  ])('of a list the wrong one is named, unless it is alone: %s', (given, said) => {
    expect(problemsOf({ POMBO_RETRY_SCHEDULE: given }).join('\n')).toContain(said)
  })

  test('a bad secret is never repeated', () => {
    const secret = 'postgresql//me:hunter2@db/pombo'
    const file = fileWith(
      `DATABASE_URL=${secret}\nPOMBO_API_KEY=hunter2\nPOMBO_ENCRYPTION_KEYS=hunter2\n`,
    )
    const problems = problemsOf({}, file)
    expect(problems).toHaveLength(3)
    expect(problems.join('\n')).not.toContain('hunter2')
    expect(problems[0]).toContain('hidden, 31 characters')
    // Which may be all that is wrong, and cannot be shown.
    expect(problems[0]).toContain('in a password @ / ? # are written %40 %2F %3F %23')
  })

  test('in production a database without encryption keys is refused', () => {
    const env = { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/pombo' }
    expect(problemsOf(env)).toEqual([expect.stringContaining('POMBO_ENCRYPTION_KEYS is not set')])
    expect(problemsOf({ ...env, POMBO_ENCRYPTION_KEYS: 'ab'.repeat(32) })).toEqual([])
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([])
  })

  test('a secret comes from the file that its variable names, and from nowhere else as well', () => {
    const path = fileWith('\n a-key-of-16-signs \n', 'key')
    expect(configOf({ POMBO_API_KEY_FILE: path }).apiKey).toBe('a-key-of-16-signs')
    const inFile = fileWith(`POMBO_API_KEY_FILE=${path}`)
    expect(configOf({ POMBO_API_KEY: '' }, inFile).apiKey).toBe('a-key-of-16-signs')
    const both = { POMBO_API_KEY_FILE: path, POMBO_API_KEY: 'another-key-of-16-signs' }
    expect(problemsOf(both)).toEqual([
      'POMBO_API_KEY and POMBO_API_KEY_FILE are both set; keep one of them.',
    ])
    const overridden = loadConfig({
      env: both,
      overrides: { POMBO_API_KEY: 'a-command-s-own-key' },
    })
    expect(overridden.ok && overridden.config.apiKey).toBe('a-command-s-own-key')
  })

  test('a file of a secret that is missing, empty or badly filled is named, and not what is in it', () => {
    const problem = (content: string) =>
      problemsOf({ POMBO_API_KEY_FILE: fileWith(content, 'key') }).join()
    expect(problem(' \n')).toMatch(/^POMBO_API_KEY_FILE names .*key, which is empty\.$/)
    expect(problem('hunter2')).toMatch(/hidden, 7 characters/)
    expect(problem('hunter2')).not.toContain('hunter2')
    expect(problemsOf({ DATABASE_URL_FILE: '/no/such/file' })).toEqual([
      'DATABASE_URL_FILE names /no/such/file, which cannot be read: there is no such file.',
    ])
    // What is no secret is written where it can be seen.
    expect(problemsOf({ POMBO_LISTEN_FILE: '/etc/listen' })).toEqual([
      expect.stringContaining('POMBO_LISTEN_FILE is not a variable of Pombo.'),
    ])
  })

  test('a certificate without its key is refused, and so is an origin with a path', () => {
    expect(problemsOf({ POMBO_TLS_CERT: '/a.crt' })).toEqual([
      'POMBO_TLS_CERT is set and POMBO_TLS_KEY is not; HTTPS needs both.',
    ])
    expect(problemsOf({ POMBO_TLS_KEY: '/a.key' })).toHaveLength(1)
    expect(problemsOf({ POMBO_CORS_ORIGINS: 'https://a.example.com/' }).join()).toContain(
      'it is not written as browsers do, who say https://a.example.com',
    )
    expect(problemsOf({ POMBO_CORS_ORIGINS: '*' })).toHaveLength(1)
  })

  test('a place that others could not reach is refused', () => {
    const socket = { POMBO_LISTEN: 'unix:/run/pombo.sock' }
    expect(problemsOf(socket)).toEqual([
      expect.stringMatching(/^POMBO_LISTEN is a socket and POMBO_SERVER_URL is not set/),
    ])
    const url = { POMBO_SERVER_URL: 'https://a.example.com' }
    expect(configOf({ ...socket, ...url }).listen).toEqual({ socket: '/run/pombo.sock' })
    for (const path of ['unix:pombo.sock', 'unix:', `unix:/${'a'.repeat(107)}`])
      expect(problemsOf({ POMBO_LISTEN: path, ...url }), path).toHaveLength(1)
    for (const below of ['pombo', '/pombo/', '/', '/a//b', '/a b'])
      expect(problemsOf({ POMBO_BASE_PATH: below }), below).toHaveLength(1)
    const inBoth = { POMBO_SERVER_URL: 'https://a.example.com/pombo', POMBO_BASE_PATH: '/pombo' }
    expect(problemsOf(inBoth)).toEqual([])
    expect(problemsOf({ ...inBoth, POMBO_BASE_PATH: '/other' })).toEqual([
      expect.stringContaining('ends with /pombo and POMBO_BASE_PATH is /other'),
    ])
    expect(problemsOf({ POMBO_SOCKET_MODE: '888' })).toHaveLength(1)
  })

  test('what cannot be a way out is refused', () => {
    expect(problemsOf({ POMBO_EGRESS_CERT: '/a.crt' })).toEqual([
      'POMBO_EGRESS_CERT and POMBO_EGRESS_KEY go together; only one of them is set.',
    ])
    for (const proxy of ['ftp://a', 'socks4://a', 'a:3128'])
      expect(problemsOf({ POMBO_EGRESS_PROXY: proxy }), proxy).toHaveLength(1)
    for (const around of ['a b', '10.0.0.0/33', 'example.com/8', 'http://a'])
      expect(problemsOf({ POMBO_EGRESS_NO_PROXY: around }), around).toHaveLength(1)
    const fine = '.example.com,*.a.b,10.0.0.0/8,::1,localhost'
    expect(problemsOf({ POMBO_EGRESS_NO_PROXY: fine, POMBO_EGRESS_ADDRESS: '::1' })).toEqual([])
  })

  test('a longest pause shorter than the first is refused', () => {
    const pauses = { POMBO_CIRCUIT_PAUSE_MS: '10s', POMBO_CIRCUIT_MAX_PAUSE_MS: '9s' }
    expect(problemsOf(pauses)).toEqual([expect.stringContaining('MAX_PAUSE_MS is shorter than')])
  })

  test('a buffer smaller than a batch is refused', () => {
    expect(problemsOf({ POMBO_COMMIT_BUFFER_MESSAGES: '10' })).toEqual([
      expect.stringContaining('less than POMBO_COMMIT_BATCH (500)'),
    ])
  })

  test('what Kubernetes adds for a service called pombo is let pass, a mistaken POMBO_PORT is not', () => {
    const kubernetes = {
      POMBO_SERVICE_HOST: '10.96.0.7',
      POMBO_SERVICE_PORT: '8071',
      POMBO_SERVICE_PORT_HTTP: '8071',
      POMBO_PORT: 'tcp://10.96.0.7:8071',
      POMBO_PORT_8071_TCP: 'tcp://10.96.0.7:8071',
      POMBO_PORT_8071_TCP_ADDR: '10.96.0.7',
    }
    expect(problemsOf(kubernetes)).toEqual([])
    expect(problemsOf({ POMBO_PORT: '8071' })).toHaveLength(1)
  })
})

describe('printing', () => {
  test('no secret is in what is printed, and a database URL shows all but its password', () => {
    const loaded = loadConfig({
      env: {
        DATABASE_URL: 'postgres://me:hunter2@db:5432/pombo?sslpassword=hunter2',
        POMBO_API_KEY: 'hunter2-hunter2-hunter2',
        POMBO_METRICS_TOKEN: 'hunter2-hunter2-hunter2',
        POMBO_ENCRYPTION_KEYS: 'ab'.repeat(32),
      },
    })
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
    const text = JSON.stringify(loaded.entries)
    expect(text).not.toMatch(/hunter2|abab/)
    expect(text).toContain('postgres://me:***@db:5432/pombo')
  })

  test('the reference page is what the schema says', () => {
    const renew = 'renew it: npm run pombo -- config --markdown > docs/reference/configuration.md'
    expect(readFileSync('docs/reference/configuration.md', 'utf8'), renew).toBe(configReference())
  })
})

describe('read again', () => {
  test('what can change is taken up, the rest is named, in a dialect’s settings too', () => {
    const config = configOf({ POMBO_METRICS_TOKEN: '0123456789abcdef' })
    const next = configOf({
      POMBO_LOG_LEVEL: 'debug',
      POMBO_LISTEN: '0.0.0.0:1',
      WEBHOOK_GLOBAL_ENABLED: 'true',
      WEBHOOK_GLOBAL_URL: 'http://a/',
    })
    expect(takeUp(config, next)).toEqual({
      live: ['POMBO_LOG_LEVEL', 'POMBO_METRICS_TOKEN'],
      waiting: ['POMBO_LISTEN', 'WEBHOOK_GLOBAL_ENABLED', 'WEBHOOK_GLOBAL_URL'],
    })
    expect(config).toMatchObject({ logLevel: 'debug', listen: { port: 8071 } })
    expect(config).not.toHaveProperty('metricsToken')
  })
})
