// The guide on signatures: each sample is cut out of it and run, in its own language, on requests that a real Pombo
// signed and delivered, and on forged ones.
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { blocksOf, noCurl, runCommand, runGuide } from '../support/guides.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts'
import { lacking, type Sample, samples } from '../support/verify-samples.ts'

const root = join(import.meta.dirname, '../../../..')
const page = (name: string) => readFileSync(join(root, 'docs/guides', name), 'utf8')
const codeOf = (text: string) =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, , code]) => code!)

interface Case {
  name: string
  passes: boolean
  secret: string
  id: string
  timestamp: string
  signatures: string
  body: string
}

let pombo: TestPombo
let receiver: Receiver
let old: string
let renewed: string

const post = async (path: string, body: object) => {
  const headers = { authorization: `Bearer ${pombo.key}` }
  const { status, text } = await pombo.call('POST', `/api/v1/app${path}`, { body, headers })
  if (status >= 300) throw new Error(text)
}

beforeAll(async () => {
  const notRun = samples.map(lacking).filter((reason) => reason !== undefined)
  if (notRun.length > 0) console.warn(`NOT RUN: ${notRun.join('; ')}`)
  if (noCurl) return
  receiver = await startReceiver()
  pombo = await startPombo()
  await post('', { name: 'Loja', uid: 'loja' })
  await post('/loja/endpoint', { url: `${receiver.url}/crm`, uid: 'crm' })
  const secrets = (await runGuide('verify.md', pombo)) as { key: string }[]
  old = secrets[0]!.key
  const [shown] = blocksOf('verify.md')
  renewed = ((await runCommand(shown!, pombo)) as { key: string }).key
  await post('/loja/endpoint', { url: `${receiver.url}/erp`, secret: old })
})
afterAll(async () => {
  await pombo?.stop()
  await receiver?.close()
})

beforeEach(({ skip }) => skip(noCurl, 'NOT RUN: the guide asks by curl, which is not installed'))

/** A message as it reaches the endpoint whose secret the page's commands have changed, and one that kept the old. */
async function delivered(): Promise<{ rotated: Received; kept: Received }> {
  receiver.received.length = 0
  await post('/loja/msg', {
    eventType: 'order.paid',
    payload: { total: 99.9, name: 'São João 😀' },
  })
  const requests = await receiver.waitFor(2)
  const at = (path: string) => requests.find((one) => one.path === path)!
  return { rotated: at('/crm'), kept: at('/erp') }
}

function sign(secret: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

function casesOf({ rotated, kept }: { rotated: Received; kept: Received }): Case[] {
  const delivered = ({ headers, body }: Received, secret: string) => ({
    secret,
    id: String(headers['webhook-id']),
    timestamp: String(headers['webhook-timestamp']),
    signatures: String(headers['webhook-signature']),
    body,
  })
  const good = delivered(kept, old)
  const signedAt = (seconds: number) => {
    const timestamp = String(Math.floor(Date.now() / 1000) + seconds)
    return { timestamp, signatures: sign(old, good.id, timestamp, good.body) }
  }
  const digest = good.signatures.slice('v1,'.length)
  return [
    { name: 'as delivered', passes: true, ...good },
    { name: 'in a rotation, new secret', passes: true, ...delivered(rotated, renewed) },
    { name: 'in a rotation, old secret', passes: true, ...delivered(rotated, old) },
    {
      name: 'a version that is not known, before one that is',
      passes: true,
      ...good,
      signatures: `v2,${digest} v1a,${digest} ${good.signatures}`,
    },
    { name: 'another secret', passes: false, ...good, secret: renewed },
    { name: 'another body', passes: false, ...good, body: good.body.replace('99.9', '9.99') },
    { name: 'the same JSON with a blank more', passes: false, ...good, body: `${good.body} ` },
    { name: 'another id', passes: false, ...good, id: `${good.id}x` },
    { name: 'another time', passes: false, ...good, timestamp: String(+good.timestamp - 1) },
    { name: 'signed ten minutes ago', passes: false, ...good, ...signedAt(-600) },
    { name: 'signed in ten minutes', passes: false, ...good, ...signedAt(600) },
    { name: 'no signature', passes: false, ...good, signatures: '' },
    { name: 'half a signature', passes: false, ...good, signatures: 'v1,' },
    { name: 'no version', passes: false, ...good, signatures: digest },
    { name: 'only an unknown version', passes: false, ...good, signatures: `v2,${digest}` },
    { name: 'no id', passes: false, ...good, id: '' },
    { name: 'no time', passes: false, ...good, timestamp: '' },
    { name: 'a time that is no number', passes: false, ...good, timestamp: 'now' },
    {
      name: 'an empty key',
      passes: false,
      ...good,
      secret: 'whsec_',
      signatures: sign('whsec_', good.id, good.timestamp, good.body),
    },
  ]
}

test('both languages show the same samples, and each has what runs it', () => {
  const shown = codeOf(page('verify.md'))
  expect(codeOf(page('verify.pt-BR.md'))).toEqual(shown)
  const files = shown.map((code) => nameOf(code)).filter((name) => name !== undefined)
  expect(files).toEqual(samples.map(({ file }) => file))
})

function nameOf(code: string): string | undefined {
  return /^(?:<\?php\n)?(?:\/\/|#) (\w+\.\w+)$/m.exec(code)?.[1]
}

test('Pombo signs with both secrets after a rotation, with one without', async () => {
  const { rotated, kept } = await delivered()
  const count = ({ headers }: Received) => String(headers['webhook-signature']).split(' ').length
  expect([count(kept), count(rotated)]).toEqual([1, 2])
})

test.for(samples)(
  '$file passes what Pombo delivered, and refuses every forged request',
  { timeout: 300_000 }, // compilers, on a busy machine
  async (sample, { skip }) => {
    const reason = lacking(sample)
    if (reason !== undefined && process.env['CI'] === 'true') throw new Error(reason)
    if (reason !== undefined) skip(reason)
    const code = codeOf(page('verify.md')).find((one) => nameOf(one) === sample.file)!
    let cases: Case[] = []
    const answers = await run(sample, code, async () => {
      cases = casesOf(await delivered())
      const lines = cases.map((one) =>
        [one.secret, one.id, one.timestamp, one.signatures, base64(one.body)].join('\t'),
      )
      return `${lines.join('\n')}\n`
    })
    const as = (one: Case, answer: string | undefined) => `${one.name}: ${answer}`
    expect(cases.map((one, n) => as(one, answers[n]))).toEqual(
      cases.map((one) => as(one, String(one.passes))),
    )
  },
)

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** What the sample says of each case. They are made when the compilers are done: a request is good for five minutes. */
async function run(sample: Sample, code: string, cases: () => Promise<string>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pombo-verify-'))
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    // Node runs no TypeScript below node_modules, and the SDK is not built here.
    const sdk = new URL('../../../sdk/src/sdk.ts', import.meta.url).href
    const files = {
      ...sample.files,
      [sample.at ?? sample.file]: code.replace(`'@pombo/sdk'`, `'${sdk}'`),
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    for (const command of sample.build ?? []) await spawned(command, folder, '')
    return (await spawned(sample.command, folder, await cases())).trimEnd().split('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What it printed. What it says on the other channel, warnings of a compiler for example, is a failure too. */
async function spawned([program, ...args]: string[], cwd: string, input: string): Promise<string> {
  const env = { ...process.env, CARGO_TARGET_DIR: join(cwd, 'target'), GOPROXY: 'off' }
  const child = spawn(program!, args, { cwd, env })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => {}) // a compiler does not read it
  child.stdin.end(input)
  const [status] = (await once(child, 'close')) as [number | null]
  expect({ status, stderr }, `${program} ${args.join(' ')}: ${stdout}`).toEqual({
    status: 0,
    stderr: '',
  })
  return stdout
}
