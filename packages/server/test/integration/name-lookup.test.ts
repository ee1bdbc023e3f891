import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  createThreadlessLookup,
  type Lookup,
  parseHosts,
  sharing,
} from '../../src/deliver/guard/lookup.ts'
import { type NameServer, startNameServer } from '../support/name-server.ts'

let folder: string
let server: NameServer
const asked: string[] = []
const system: Lookup = async (hostname) => {
  asked.push(hostname)
  return [{ address: '9.9.9.9', family: 4 }]
}

beforeEach(async () => {
  asked.length = 0
  folder = await mkdtemp(join(tmpdir(), 'pombo-hosts-'))
  server = await startNameServer({
    'ok.example': ['1.1.1.1', '1.0.0.1'],
    'silent.example': 'silent',
    'broken.example': 'broken',
    ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`dead-${n}.example`, 'silent'])),
  })
})
afterEach(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

const create = (timeoutMs = 200) =>
  createThreadlessLookup({
    servers: [server.address],
    hostsFile: join(folder, 'hosts'),
    timeoutMs,
    system,
  })

test('a name is asked of the name servers, and all its addresses come back', async () => {
  expect(await create()('OK.example.')).toEqual([
    { address: '1.1.1.1', family: 4 },
    { address: '1.0.0.1', family: 4 },
  ])
  expect(asked).toEqual([])
})

test('names whose name server is dead do not hold up others', async () => {
  const lookup = create(1_000)
  const dead = Array.from({ length: 40 }, (_, n) => lookup(`dead-${n}.example`))
  const settled = Promise.allSettled(dead)
  let someDeadIsDone = false
  void Promise.race(dead.map((each) => each.catch(() => {}))).then(() => (someDeadIsDone = true))
  expect(await lookup('ok.example')).toHaveLength(2)
  expect(someDeadIsDone).toBe(false)
  for (const each of await settled) expect(each.status).toBe('rejected')
})

test.each(['silent.example', 'broken.example'])(
  'a name server that fails is a failure, not a question to the system: %s',
  async (name) => {
    await expect(create()(name)).rejects.toHaveProperty(
      'code',
      expect.stringMatching(/^(ETIMEOUT|ESERVFAIL)$/),
    )
    expect(asked).toEqual([])
  },
)

test.each(['unknown.example', 'svc', 'printer.local', 'a.localhost'])(
  'what only the system can know is asked of the system: %s',
  async (name) => {
    expect(await create()(name)).toEqual([{ address: '9.9.9.9', family: 4 }])
    expect(asked).toEqual([name])
  },
)

test('the hosts file comes first, and a change to it is seen', async () => {
  const lookup = create()
  const hostsFile = join(folder, 'hosts')
  expect(await lookup('ok.example')).toHaveLength(2)
  await writeFile(hostsFile, '10.0.0.1 ok.example other # not this.example\n')
  expect(await lookup('ok.example')).toEqual([{ address: '10.0.0.1', family: 4 }])
  await rm(hostsFile)
  expect(await lookup('ok.example')).toHaveLength(2)
})

test('a hosts file is read as the system reads it', () => {
  const entries = parseHosts(
    '127.0.0.1\tlocalhost Dev.Example # x\n\n# 1.1.1.1 no\n::1 localhost\nbad line\r\n',
  )
  expect(Object.fromEntries(entries)).toEqual({
    localhost: [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ],
    'dev.example': [{ address: '127.0.0.1', family: 4 }],
  })
})

test('a name is asked for once at a time', async () => {
  const lookup = sharing(system)
  await Promise.all([lookup('a.example'), lookup('a.example'), lookup('b.example')])
  expect(asked).toEqual(['a.example', 'b.example'])
  await lookup('a.example')
  expect(asked).toEqual(['a.example', 'b.example', 'a.example'])
})
