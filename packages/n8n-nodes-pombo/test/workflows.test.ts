import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { documentedWorkflows } from '../../server/src/dialects/agentes/workflows.ts'
import { blocksOf, runCommand } from '../../server/test/support/guides.ts'
import { startPombo, type TestPombo } from '../../server/test/support/pombo-app.ts'
import { startReceiver, until } from '../../server/test/support/receiver.ts'
import { recorded } from './recorded.ts'
import { type Json, loadPackage, type N8n, packageDir, startN8n, type WorkflowFile } from './n8n.ts'

const root = join(packageDir, '../..')
const folder = join(root, 'examples/n8n')
let pombo: TestPombo
let n8n: N8n

beforeAll(async () => {
  pombo = await startPombo()
  n8n = await startN8n({ url: pombo.url, apiKey: pombo.key })
})
afterAll(async () => {
  await n8n?.close()
  await pombo?.stop()
})
beforeEach(() => void (n8n.executions.length = 0))

const fileOf = async (path: string) =>
  JSON.parse(await readFile(join(folder, `${path}.json`), 'utf8')) as WorkflowFile
const auth = () => ({ headers: { authorization: `Bearer ${pombo.key}` } })
const post = async (path: string, body?: unknown) => {
  const answer = await pombo.call('POST', path, { ...auth(), body })
  expect(answer.status, answer.text).toBeLessThan(300)
}
/** What the document sends, or what is made up after it. */
const sampleOf = async (eventType: string) => {
  const samples = 'packages/server/src/dialects/agentes/samples'
  const text = await readFile(join(root, samples, `${eventType}.json`), 'utf8')
  const { payload, form } = JSON.parse(text) as { payload: Json; form: string | null }
  return form === null ? payload : { user_id: 'uuid-user-id', integration: 'whatsapp' }
}

test('each workflow of document 004 is a file, starts on its event, and reads its fields', async () => {
  const files = globSync('*.json', { cwd: folder }).map((name) => basename(name, '.json'))
  expect(files.toSorted()).toEqual(
    [...documentedWorkflows.map(({ path }) => path), 'whatsapp-lead'].toSorted(),
  )
  await post('/api/v1/app', { name: 'agentes', uid: 'agentes' })
  for (const { path, name, eventType } of documentedWorkflows) {
    const file = await fileOf(path)
    expect(file.name).toBe(name)
    const active = await n8n.activate(file)
    const data = await sampleOf(eventType)
    await post(`/api/webhooks/events/${eventType.replaceAll('.', '-')}`, data)
    await until(() => n8n.executions.length === 1)
    const { items, error } = n8n.executions.pop()!
    expect(error).toBeUndefined()
    const { event, ...fields } = items[0]!.json
    expect(event).toBe(eventType)
    expect(data).toMatchObject(fields)
    await active.deactivate()
  }
})

test('the guide’s workflow sends a lead to a CRM for a WhatsApp message, once, though it runs twice', async () => {
  const crm = await startReceiver()
  await post('/api/v1/app', { name: 'Loja', uid: 'loja' })
  await post('/api/v1/app/loja/endpoint', { url: crm.url, eventTypes: ['lead.received'] })
  const active = await n8n.activate(await fileOf('whatsapp-lead'))
  const payload = { ...(await recorded()), content: { type: 'text', text: 'Quero comprar' } }
  await post('/api/v1/app/loja/msg', { eventType: 'message.received', payload })
  await crm.waitFor(1)
  const lead = { phone: '5511999990001', name: 'Maria', text: 'Quero comprar' }
  expect(JSON.parse(crm.received[0]!.body)).toMatchObject(lead)
  const { body: list } = await pombo.call('GET', '/api/v1/app/loja/endpoint', auth())
  const own = (list.data as { id: string; url: string }[]).find(({ url }) => url !== crm.url)!
  const attempts = `/api/v1/app/loja/attempt/endpoint/${own.id}`
  // The workflow may have sent its lead before the attempt that started it is recorded.
  const attempted = async () => (await pombo.call('GET', attempts, auth())).body.data[0]
  await until(async () => (await attempted()) !== undefined)
  await post(`/api/v1/app/loja/msg/${(await attempted()).msgId}/endpoint/${own.id}/resend`)
  await until(() => n8n.executions.length === 2)
  expect(n8n.executions[1]!.items).toMatchObject([{ json: { duplicate: true } }])
  expect(crm.received).toHaveLength(1)
  await active.deactivate()
  await crm.close()
})

test('n8n finds both nodes and the credentials, and every icon and description that they name', async () => {
  const loader = await loadPackage(packageDir)
  expect(Object.keys(loader.nodeTypes)).toEqual(['pombo', 'pomboTrigger'])
  expect(Object.keys(loader.credentialTypes)).toEqual(['pomboApi'])
  for (const { type } of Object.values(loader.nodeTypes)) {
    const { iconUrl, codex } = type.description as { iconUrl: Json; codex: Json }
    expect(codex).toMatchObject({ categories: ['Communication', 'Development'] })
    for (const icon of Object.values(iconUrl))
      await readFile(join(packageDir, String(icon).replace('icons/n8n-nodes-pombo/', '')))
  }
})

test('the commands of the guide make the application and its token, in both languages', async () => {
  const blocks = (file: string) => blocksOf(file).join('\n').split('\n')
  expect(blocks('n8n.pt-BR.md')).toEqual(blocks('n8n.md'))
  const commands = blocks('n8n.md').filter((line) => line.startsWith('curl'))
  expect(commands).toHaveLength(2)
  const other = await startPombo()
  const answers = []
  for (const command of commands) answers.push(await runCommand(command, other))
  await other.stop()
  expect(answers).toMatchObject([{ uid: 'loja' }, { token: expect.any(String) }])
})
