import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { databaseUrl } from '../support/database.ts'
import { endAll, pombo } from './cli-process.ts'

const names = [
  'serve',
  'demo',
  'sink',
  'listen',
  'replay',
  'migrate',
  'backup',
  'restore',
  'doctor',
  'config',
]
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-cli-'))
})

afterEach(async () => {
  await endAll()
  await rm(folder, { recursive: true, force: true })
})

async function run(args: string[], env: Record<string, string> = {}) {
  const process = pombo(args, env, { cwd: folder })
  const code = await process.ended()
  return { code, out: process.stdout(), err: process.stderr() }
}

describe('help', () => {
  test('without arguments every command is listed', async () => {
    const { code, out } = await run([])
    expect(code).toBe(0)
    for (const name of names) expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'))
  })

  test.each(names)(
    '%s explains itself, with its options, examples and exit codes',
    async (name) => {
      const { code, out, err } = await run([name, '--help'])
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain(`Usage: pombo ${name} [options]`)
      expect(out).toContain('--config <path>')
      expect(out).toMatch(/Examples:\n {2}\S/)
      expect(out).toMatch(/Exit codes: 0 /)
      const list = (await run(['--help'])).out
      const summary = new RegExp(`^ {2}${name} +(.*)$`, 'm').exec(list)![1]
      expect(out.split('\n')[0]).toBe(`pombo ${name}: ${summary}`)
    },
  )

  test('the version is that of the package', async () => {
    const said = await run(['--version'])
    expect(said.out).toMatch(/^pombo \d+\.\d+\.\d+ \(Node 2\d\./)
    expect(await run(['version'])).toEqual(said)
  })

  test('npx pombo in a clone needs no build', async () => {
    const main = join(import.meta.dirname, '../../bin/pombo.cjs')
    const inClone = pombo(['version'], {}, { main })
    expect(await inClone.ended()).toBe(0)
    expect(inClone.stdout()).toMatch(/^pombo \d/)
  })

  test('an unknown command is refused with the one that was meant', async () => {
    expect(await run(['srve'])).toEqual({
      code: 2,
      out: '',
      err: 'There is no command "srve". Did you mean "pombo serve"? "pombo --help" lists them.\n',
    })
    expect((await run(['--verison'])).err).toContain('Did you mean "pombo version"?')
    expect((await run(['toString'])).code).toBe(2)
  })
})

describe('config', () => {
  test('values are printed with where they came from, secrets are not printed', async () => {
    await writeFile(
      join(folder, 'my.env'),
      'POMBO_RETENTION_DAYS=7\nPOMBO_API_KEY=hunter2-hunter2-hunter2\n',
    )
    const { code, out } = await run(['config', '--config', 'my.env'], {
      POMBO_LISTEN: '0.0.0.0:80',
    })
    expect(code).toBe(0)
    expect(out).toMatch(/POMBO_RETENTION_DAYS +7 \(file; default: 30\)/)
    expect(out).toMatch(/POMBO_LISTEN +0\.0\.0\.0:80 \(environment; default: 127\.0\.0\.1:8071\)/)
    expect(out).toMatch(/POMBO_API_KEY +\(set, hidden\) \(file/)
    expect(out).not.toContain('hunter2')
  })

  test('as JSON it is a list with one object for each variable', async () => {
    const { code, out } = await run(['config', '--json'], { POMBO_COMMIT_BATCH: '7' })
    expect(code).toBe(0)
    const entries = JSON.parse(out) as { variable: string }[]
    expect(entries.find(({ variable }) => variable === 'POMBO_COMMIT_BATCH')).toMatchObject({
      value: '7',
      default: '500',
      source: 'environment',
      secret: false,
    })
  })

  test.each([['config'], ['serve'], ['migrate'], ['listen']])(
    '%s refuses a wrong configuration with all its problems',
    async (name) => {
      const { code, err } = await run([name], {
        POMBO_COMMIT_BATCH: '0',
        POMBO_LISEN: 'x',
        POMBO_LOG_LEVEL: 'loud',
      })
      expect(code).toBe(2)
      expect(err).toContain('The configuration has 3 problems; nothing was started.')
      expect(err).toContain('Did you mean POMBO_LISTEN?')
      expect(err).toContain('It takes one of trace, debug, info')
    },
  )
})

describe('errors', () => {
  test('are one paragraph, with the stack only for who asks', async () => {
    const env = { DATABASE_URL: 'postgres://pombo:hunter2@127.0.0.1:1/pombo' }
    const { code, err } = await run(['migrate'], env)
    expect(code).toBe(1)
    expect(err).toMatch(/^The database cannot be used: connect ECONNREFUSED 127\.0\.0\.1:1\..*\n$/)
    const { err: longer } = await run(['migrate'], { ...env, POMBO_LOG_LEVEL: 'debug' })
    expect(longer).toMatch(/\n {4}at /)
    expect(err + longer).not.toContain('hunter2')
  })

  test('a database that is not there is said without an offer of a stack', async () => {
    const { adminUrl } = inject('postgres')
    const { code, err } = await run(['migrate'], {
      DATABASE_URL: databaseUrl(adminUrl, 'no_such_database'),
    })
    expect(code).toBe(1)
    expect(err).toMatch(
      /^The database cannot be used: database "no_such_database" does not exist\..*\n$/,
    )
  })

  test("a database's host that does not exist is not taken for the address to listen on", async () => {
    const { code, err } = await run(['serve'], {
      DATABASE_URL: 'postgres://pombo@no-such-host.invalid/pombo',
      POMBO_LISTEN: '127.0.0.1:0',
    })
    expect(code).toBe(1)
    expect(err).toMatch(/^The database cannot be used: .*no-such-host\.invalid/)
  })

  test('listen without a key says which', async () => {
    const { code, err } = await run(['listen'])
    expect(code).toBe(2)
    expect(err).toContain('POMBO_API_KEY is not set')
  })
})

describe('on a data folder of its own', () => {
  test('migrate makes the embedded database, and doctor finds it well', async () => {
    const first = await run(['migrate'])
    expect(first.code).toBe(0)
    expect(first.out).toContain('the schema went from version 0 to')
    expect((await run(['migrate'])).out).toContain('the schema is up to date')
    const { out, code } = await run(['doctor'], { POMBO_LISTEN: '127.0.0.1:0' })
    expect(out).toMatch(/^ok {3}schema: version \d+$/m)
    expect(out).toMatch(/^ok {3}durability: synchronous_commit=on fsync=on full_page_writes=on$/m)
    expect(out).toMatch(/^ok {3}data folder: /m)
    expect(out).not.toMatch(/^fail/m)
    expect(code).toBe(0)
  })

  test('doctor names what is wrong and how to mend it', async () => {
    const config = await run(['doctor'], { POMBO_COMMIT_BATCH: '0' })
    expect(config.code).toBe(1)
    expect(config.out).toMatch(/^fail configuration: POMBO_COMMIT_BATCH cannot be "0"/m)
    const away = await run(['doctor', '--json'], {
      DATABASE_URL: 'postgres://pombo:hunter2@127.0.0.1:1/pombo',
      POMBO_LISTEN: '127.0.0.1:0',
    })
    expect(away.code).toBe(1)
    const findings = JSON.parse(away.out) as { level: string; name: string; mend?: string }[]
    expect(findings.find(({ name }) => name === 'database')).toMatchObject({
      level: 'fail',
      mend: 'Nothing listens there. Start PostgreSQL, or correct host and port in DATABASE_URL.',
    })
    expect(away.out).not.toContain('hunter2')
  })
})
