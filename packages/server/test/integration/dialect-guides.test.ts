// The migration guides' commands, run as they stand, in their order, against a Pombo.
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const folder = join(import.meta.dirname, '../../../../docs/guides/migrate')
const noCurl = spawnSync('curl', ['--version']).status !== 0

function blocksOf(file: string): string[] {
  const text = readFileSync(join(folder, file), 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!)
}

/** Runs what begins with curl; the answers' bodies, of which each has to be JSON and no error. */
async function run(file: string, pombo: TestPombo, receiver: Receiver): Promise<unknown[]> {
  const answers: unknown[] = []
  for (const block of blocksOf(file))
    for (const command of block.split(/\n\n(?=curl)/).filter((one) => one.startsWith('curl'))) {
      const text = command
        .replaceAll('http://127.0.0.1:9000', receiver.url)
        .replace(/^curl/, 'curl -sS --fail-with-body')
      const { stdout } = await promisify(execFile)('sh', ['-c', text], {
        env: { PATH: process.env['PATH'], POMBO: pombo.url, KEY: pombo.key },
      }).catch((error: { stdout: string; stderr: string }) => {
        throw new Error(`${command}\n${error.stdout}\n${error.stderr}`)
      })
      answers.push(JSON.parse(stdout))
    }
  return answers
}

test.each(['device-status', 'agentes'])('%s: both languages show the same commands', (name) => {
  expect(blocksOf(`${name}.pt-BR.md`)).toEqual(blocksOf(`${name}.md`))
  expect(blocksOf(`${name}.md`).length).toBeGreaterThan(3)
})

test.skipIf(noCurl)('the guide of device-status does what it says', async () => {
  const receiver = await startReceiver()
  const pombo = await startPombo()
  try {
    const answers = await run('device-status.md', pombo, receiver)
    expect(answers).toMatchObject([
      { deviceHash: 'a1b2c3d4e5f67890', statusWebhookSigned: true },
      { deviceHash: 'a1b2c3d4e5f67890' },
      { status: 'running', event: { type: 'container_event', code: 'CONTAINER_START' } },
      { gatewayUrl: 'ws://admin:***@127.0.0.1:3000/ws' },
      { status: 'running', gateway: { connected: false } },
      { data: expect.any(Array) as unknown },
    ])
    const [request] = await receiver.waitFor(1)
    expect(request!.path).toBe('/webhook/status')
    expect(JSON.parse(request!.body)).toMatchObject({
      device: { deviceHash: 'a1b2c3d4e5f67890', status: 'running' },
      event: { data: { container_id: 'whatsapp-a1b2c3d4e5f67890', port: 8000 } },
    })
  } finally {
    await pombo.stop()
    await receiver.close()
  }
})

test.skipIf(noCurl)('the guide of agentes does what it says', async () => {
  const receiver = await startReceiver()
  const pombo = await startPombo({
    WEBHOOK_SECRET: 'your-webhook-secret-key',
    N8N_WEBHOOK_URL: receiver.url,
  })
  try {
    await until(async () => {
      const { body } = await pombo.call('GET', '/api/webhooks/n8n/workflows', {
        headers: { authorization: `Bearer ${pombo.key}` },
      })
      return body.total === 7
    })
    const answers = await run('agentes.md', pombo, receiver)
    expect(answers).toMatchObject([
      { overall_status: 'healthy', services: { n8n: 'configured' } },
      { total: 7 },
      { name: 'CRM', organization_id: '7d3f6c1e-2f0b-4c55-8f57-5a8f7f9d3b10', has_secret: true },
      { workflow_id: 'leads01', event_types: ['conversation.created'] },
      { success: true, event_type: 'user.registered', deliveries: 1 },
      { success: true, event_type: 'agent.created', deliveries: 1 },
      { success: true, sync_type: 'user-registration', workflows: [{ deliveries: 1 }] },
      { status: 'active', n8n_integration: 'active' },
      {
        done: true,
        messages: [{ eventType: 'user.registered' }, { eventType: 'user.registered' }],
      },
      { erased: { messages: 2 } },
      { data: [{ action: 'erase', onBehalfOf: 'dpo@example.com' }, { action: 'export' }] },
    ])
    await receiver.waitFor(3)
    expect(receiver.received.map(({ path }) => path).toSorted()).toEqual([
      '/webhook/agent-created',
      '/webhook/user-registration',
      '/webhook/user-registration',
    ])
  } finally {
    await pombo.stop()
    await receiver.close()
  }
})
