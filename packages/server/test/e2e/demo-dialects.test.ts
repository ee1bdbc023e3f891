// `pombo demo --dialect`: each of the five systems at work. One database for all, so that a second run on it is tried
// too.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { endAll, pombo } from './cli-process.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'pombo-demo-test-'))
afterEach(endAll)
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const startMs = 60_000

function demo(dialect: string, ...more: string[]) {
  const place = ['--listen', '127.0.0.1:0', '--data-dir', dataDir]
  // A process group of its own, as in a terminal.
  return pombo(['demo', '--dialect', dialect, ...place, ...more], {}, { detached: true })
}

const shown = [
  {
    dialect: 'whatsmeow',
    flaky: 'flaky',
    in: /^in {5}POST \/api\/whatsmeow\/sessions\/[\w-]+\/events\n +\{"type":"Message"/m,
    out: new RegExp(
      [
        /^ +authorization: token-da-sessao/,
        / +x-webhook-signature: sha256=[\da-f]{64}/,
        /.*/,
        / +\{"event":"message","session_id":/,
      ]
        .map(({ source }) => source)
        .join('\\n'),
      'm',
    ),
    says: /^GET \/api\/whatsmeow\/webhook\/logs.*\n +\{"logs":\[\{"id"/m,
  },
  {
    dialect: 'zaphub',
    flaky: 'flaky',
    in: /^in {5}POST \/api\/v1\/sessions\/[\w-]+\/webhook\/retry\n +\{"event":"message\./m,
    out: /^ +user-agent: ZapHub-Webhook\/1\.0\n +x-zaphub-event: message\.\w+\n/m,
    says: /webhook\/events.*\n +\{"success":true,"data":\[\{.*"eventType":"webhook\.failed"/,
  },
  {
    dialect: 'device-status',
    flaky: 'flaky',
    in: /^in {5}POST \/api\/devices\/[\da-f]{16}\/events\n +\{"code":"CONTAINER_START"/m,
    out: /^ +x-webhook-signature: [\da-f]{64}\n.*\n +\{"device":\{"deviceHash":"[\da-f]{16}","status":"running"\}/m,
    says: /^GET \/api\/devices\/[\da-f]{16}\n +\{"deviceHash"/m,
  },
  {
    dialect: 'evolution',
    flaky: 'main',
    in: /^in {5}POST \/evolution\/loja-\w+\/messages-upsert\n +\{"event":"messages\.upsert"/m,
    out: /^ +\{"event":"messages\.upsert","instance":"loja-\w+","data":/m,
    says: /^GET \/webhook\/health\n +\{"status":"SUCCESS".*"monitoringWebhookEnabled":true/m,
  },
  {
    dialect: 'agentes',
    flaky: 'erp',
    in: /^in {5}POST \/api\/webhooks\/events\/user-registered\n +\{"user_id"/m,
    out: /^ +x-webhook-timestamp: \d+\n +user-agent: AgentesDeConversao-Webhook\/1\.0\n +x-webhook-signature: sha256=/m,
    says: /^GET \/api\/webhooks\/health\n.*"webhook_manager":"healthy"/m,
  },
]

test.each(shown)(
  'demo --dialect $dialect shows its requests in, its form out, signatures that verify, retries, and ends by itself',
  async ({ dialect, flaky, in: incoming, out, says }) => {
    const run = demo(dialect, '--count', '30')
    expect(await run.ended(), `${run.stdout()}\n${run.stderr()}`).toBe(0)
    const text = run.stdout()
    expect(text).toMatch(incoming)
    expect(text).toMatch(out)
    expect(text).toMatch(says)
    expect(text).toMatch(/^ +POST \/\S+, answered \w+, signature valid$/m)
    expect(text).not.toMatch(/signature bad/)
    expect(text).toMatch(/^again {2}.*: attempt 2, /m)
    const row = new RegExp(`^${flaky} +(\\d+) +\\1 +\\d+ +(\\d+) +0 `, 'm').exec(text)
    expect(Number(row?.[2]), text).toBeGreaterThan(0)
    expect(text).toMatch(/Every event arrived at every receiver: 30 events, /)
    expect(run.stderr()).toBe('')
  },
)

test('Ctrl-C in the middle ends the demo, its server and its database', async () => {
  const run = demo('whatsmeow', '--count', '100000')
  const [, url] = await run.printed(/Pombo listens at (\S+) /, startMs)
  const postmaster = Number(
    readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0],
  )
  await run.printed(/^again /m, startMs)
  process.kill(-run.child.pid!, 'SIGINT')
  expect(await run.ended(), run.stderr()).toBe(0)
  expect(run.stdout()).toMatch(/^Stopped: \d+ events, /m)
  await expect(fetch(url!)).rejects.toThrow()
  expect(() => process.kill(postmaster, 0)).toThrow(/ESRCH/)
})

test('a dialect that does not exist is answered with the names of those that do, and nothing starts', async () => {
  const run = pombo(['demo', '--dialect', 'evolutio'])
  expect(await run.ended()).toBe(2)
  expect(run.stderr()).toContain('standard, whatsmeow, zaphub, device-status, evolution, agentes')
  expect(run.stdout()).toBe('')
  const help = pombo(['demo', '--help'])
  expect(await help.ended()).toBe(0)
  for (const { dialect } of shown) expect(help.stdout()).toMatch(new RegExp(`^  ${dialect} `, 'm'))
})
