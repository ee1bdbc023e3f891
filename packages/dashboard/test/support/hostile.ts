// What strangers send: markup that would run, text that turns lines around, and lines without end.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stand } from './stand.ts'
import { until } from '../../../server/test/support/receiver.ts'

/** Runs when it becomes markup: the element is found, the address asked for, and the word set. */
export const markup =
  '"\'><img class="hostile" src="/hostile-ran" onerror="window.hostile=1">' +
  '<script class="hostile">window.hostile=1</script>'
const turned = '\u202Egnp.exe\u202C \u2066\u0627\u0644\u0633\u0644\u0627\u0645 \uFFFE'
const endless = 'W'.repeat(400)

const router = readFileSync(join(import.meta.dirname, '../../src/router.tsx'), 'utf8')
/** Of all pages, as the router names them. */
export const paths = Array.from(
  router.matchAll(/\n {2}path: '([^']+)'|\bpage\(\s*'([^']+)'/g),
  ([, path, page]) => path ?? page!,
)

/** Addresses of all there is, by the parameters of the router's paths. */
export interface Addresses {
  appId: string
  endpointId: string
  messageId: string
  name: string
  sourceId: string
  taskId: string
  templateId: string
}

/** Fills a Pombo with it: names, descriptions, labels, payloads, answers, and what is made of them. */
export async function fillHostile({ ask, receiver }: Stand): Promise<Addresses> {
  const name = `${markup} ${turned}`.slice(0, 250)
  receiver.answer = ({ path }) => ({
    status: path.startsWith('/broken') ? 503 : 200,
    headers: { 'content-type': 'text/html', 'x-answer': markup },
    body: `<!doctype html><html>${markup}${turned}${endless}</html>`,
  })
  const app = await ask('POST', '/app', { name, uid: 'hostile' })
  const typeName = `type.${'w'.repeat(200)}`
  await ask('POST', '/event-type', {
    name: typeName,
    description: `${markup} ${endless}`,
    schemas: { 1: { title: markup, type: 'object', examples: [{ text: markup }] } },
  })
  const endpoint = await ask('POST', '/app/hostile/endpoint', {
    url: `${receiver.url}/broken/${endless}?x=%3Cscript%3E`,
    description: `${markup} ${endless}`,
    headers: { 'x-own': markup.replaceAll('\n', '') },
    retrySchedule: [1, 86_400],
  })
  await ask('POST', '/app/hostile/endpoint', { url: `${receiver.url}/well`, description: markup })
  const source = await ask('POST', '/app/hostile/source', { gateway: 'waha', name })
  await ask('POST', '/key', { name })
  await ask('POST', '/tenant', { name })
  await ask('PUT', '/portal/settings', { name: markup.slice(0, 100) })
  const message = await ask('POST', '/app/hostile/msg', {
    eventType: typeName,
    eventId: `id-${'w'.repeat(200)}`,
    payload: {
      text: markup,
      [markup]: turned,
      endless: 'W'.repeat(300_000),
      deep: { html: `<!--${markup}-->` },
    },
    tags: ['w'.repeat(100)],
    channels: ['w'.repeat(100)],
    orderingKey: `${markup}${turned}`.slice(0, 200),
  })
  await until(async () => {
    const { data } = await ask('GET', `/app/hostile/attempt/endpoint/${endpoint.id}`)
    return data.length >= 2
  })
  const task = await ask('POST', '/bulk', {
    action: 'discard',
    reason: markup,
    filter: { appId: app.id, states: ['waiting'], endpointId: null, cause: null },
  })
  return {
    appId: app.id,
    endpointId: endpoint.id,
    messageId: message.id,
    name: typeName,
    sourceId: source.id,
    taskId: task.id,
    templateId: 'telegram',
  }
}
