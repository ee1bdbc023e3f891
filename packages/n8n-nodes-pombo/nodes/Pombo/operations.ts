import { type IDataObject, type IExecuteFunctions, NodeOperationError } from 'n8n-workflow'
import { call, callOr, isObject, path } from '../request'

/** What an operation answers for one item. */
type Operation = (node: IExecuteFunctions, itemIndex: number) => Promise<IDataObject[]>

/** By resource and name. */
export const operations: Record<string, Record<string, Operation>> = {
  event: { send },
  delivery: { getFailed, retry, recover },
  replay: { start: startReplay, get: getReplay },
  endpoint: {
    create: createEndpoint,
    delete: deleteEndpoint,
    getAll: getEndpoints,
    pause: async (node, i) => await switchEndpoint(node, i, 'pause'),
    resume: async (node, i) => await switchEndpoint(node, i, 'resume'),
  },
}

const text = (node: IExecuteFunctions, name: string, i: number) =>
  String(node.getNodeParameter(name, i)).trim()
const app = (node: IExecuteFunctions, i: number) => text(node, 'application', i)
const endpoint = (node: IExecuteFunctions, i: number) =>
  path`/app/${app(node, i)}/endpoint/${text(node, 'endpoint', i)}`

async function send(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  const options = given(node.getNodeParameter('options', itemIndex, {}) as IDataObject)
  const body = {
    eventType: text(node, 'eventType', itemIndex),
    payload: jsonOf(node, 'payload', itemIndex),
    ...options,
  } as IDataObject
  const target = path`/app/${app(node, itemIndex)}/msg`
  const { eventId } = options
  if (eventId === undefined) return one(await call(node, 'POST', target, { body, itemIndex }))
  // An execution that runs again, as after a failure further on, has sent it already.
  const sent = await callOr(409, node, 'POST', target, { body, itemIndex })
  return sent === undefined ? [{ eventId, duplicate: true }] : one(sent)
}

async function getFailed(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  const of = text(node, 'endpoint', itemIndex)
  const target = path`/app/${app(node, itemIndex)}/attempt/endpoint/${of}`
  return await pages(node, itemIndex, target, { status: 2, with_msg: true })
}

async function retry(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  const message = text(node, 'message', itemIndex)
  const of = text(node, 'endpoint', itemIndex)
  const target = path`/app/${app(node, itemIndex)}/msg/${message}/endpoint/${of}/resend`
  await call(node, 'POST', target, { itemIndex })
  return [{ message, endpoint: of, retried: true }]
}

async function recover(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  const body = {
    since: instant(node, 'since', node.getNodeParameter('since', itemIndex), itemIndex),
  }
  return one(await call(node, 'POST', `${endpoint(node, itemIndex)}/recover`, { body, itemIndex }))
}

async function startReplay(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  const filters = given(node.getNodeParameter('filters', itemIndex, {}) as IDataObject)
  const body = {
    ...filters,
    ...(filters.until !== undefined && { until: instant(node, 'until', filters.until, itemIndex) }),
    since: instant(node, 'since', node.getNodeParameter('since', itemIndex), itemIndex),
    dryRun: node.getNodeParameter('dryRun', itemIndex, false) as boolean,
  }
  return one(await call(node, 'POST', '/replay', { body, itemIndex }))
}

async function getReplay(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  const target = path`/background-task/${text(node, 'task', itemIndex)}`
  return one(await call(node, 'GET', target, { itemIndex }))
}

async function createEndpoint(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  const settings = given(node.getNodeParameter('settings', itemIndex, {}) as IDataObject)
  const { ordered, ...others } = settings
  const body = {
    url: text(node, 'url', itemIndex),
    ...others,
    ...(ordered === true && { ordering: 'key' }),
  }
  const target = path`/app/${app(node, itemIndex)}/endpoint`
  return one(await call(node, 'POST', target, { body, itemIndex }))
}

async function deleteEndpoint(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  await call(node, 'DELETE', endpoint(node, itemIndex), { itemIndex })
  return [{ endpoint: text(node, 'endpoint', itemIndex), deleted: true }]
}

async function getEndpoints(node: IExecuteFunctions, itemIndex: number): Promise<IDataObject[]> {
  return await pages(node, itemIndex, path`/app/${app(node, itemIndex)}/endpoint`, {})
}

async function switchEndpoint(
  node: IExecuteFunctions,
  itemIndex: number,
  to: 'pause' | 'resume',
): Promise<IDataObject[]> {
  await call(node, 'POST', `${endpoint(node, itemIndex)}/${to}`, { itemIndex })
  return [{ endpoint: text(node, 'endpoint', itemIndex), paused: to === 'pause' }]
}

const pageSize = 250

/** A list, page by page, up to what was asked for. */
async function pages(
  node: IExecuteFunctions,
  itemIndex: number,
  target: string,
  query: IDataObject,
): Promise<IDataObject[]> {
  const most = node.getNodeParameter('returnAll', itemIndex)
    ? Infinity
    : (node.getNodeParameter('limit', itemIndex) as number)
  const found: IDataObject[] = []
  let iterator: string | undefined
  while (found.length < most) {
    const limit = Math.min(pageSize, most - found.length)
    const page = { ...query, limit, ...(iterator === undefined ? {} : { iterator }) }
    const answer = (await call(node, 'GET', target, { query: page, itemIndex })) as {
      data: IDataObject[]
      iterator: string | null
      done: boolean
    }
    found.push(...answer.data)
    if (answer.done || answer.iterator === null) break
    iterator = answer.iterator
  }
  return found
}

/** Without what was left empty. */
function given(values: IDataObject): IDataObject {
  const isGiven = (value: unknown) =>
    value !== '' &&
    value !== null &&
    value !== undefined &&
    !(Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(values).filter(([, value]) => isGiven(value)))
}

/** What the field holds: text that was typed, or what an expression gave. */
function jsonOf(node: IExecuteFunctions, name: string, itemIndex: number): unknown {
  const value = node.getNodeParameter(name, itemIndex)
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new NodeOperationError(node.getNode(), `"${name}" is not JSON: ${problem}`, { itemIndex })
  }
}

/** n8n's field gives a local time, a time with its zone, or what an expression makes. */
function instant(node: IExecuteFunctions, name: string, value: unknown, itemIndex: number): string {
  const time = new Date(String(value))
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new NodeOperationError(node.getNode(), `"${name}" is not a time: ${String(value)}`, {
    itemIndex,
  })
}

function one(answer: unknown): IDataObject[] {
  return isObject(answer) ? [answer] : [{}]
}
