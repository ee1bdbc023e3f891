// n8n without its server: the nodes are loaded, activated, called and run by n8n's own packages, as its server would.
import { mkdtempSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import Module, { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'

export const packageDir = join(import.meta.dirname, '..')
export const toolsDir = join(packageDir, 'n8n')

export type Json = Record<string, unknown>
export interface WorkflowNode {
  id: string
  name: string
  type: string
  typeVersion: number
  position: [number, number]
  parameters: Json
  credentials?: Json
}
export interface WorkflowFile {
  name: string
  nodes: WorkflowNode[]
  connections: Json
}
export interface Item {
  json: Json
}
interface Field {
  name: string
  value: unknown
}
interface Run {
  data: {
    resultData: {
      error?: Error
      lastNodeExecuted?: string
      runData: Record<string, { data?: { main: (Item[] | null)[] }; error?: Error }[]>
    }
  }
}

// n8n writes a key into its folder when it is loaded.
process.env['N8N_USER_FOLDER'] ??= mkdtempSync(join(tmpdir(), 'pombo-n8n-home-'))
process.env['N8N_LOG_LEVEL'] ??= 'error'
// Its server does the same for community nodes, which have no packages of their own.
process.env['NODE_PATH'] = join(toolsDir, 'node_modules')
;(Module as unknown as { _initPaths(): void })._initPaths()
const load = createRequire(join(toolsDir, 'package.json'))
load('reflect-metadata')
// oxlint-disable-next-line typescript/no-explicit-any -- its types are where its packages are, apart from this project
type Any = any
const core: Any = load('n8n-core')
const { Workflow, createRunExecutionData }: Any = load('n8n-workflow')

/** The package as n8n loads it from its folder of community nodes. */
export async function loadPackage(directory: string) {
  const loader = new core.PackageDirectoryLoader(directory)
  await loader.loadAll()
  return loader as {
    nodeTypes: Record<string, { type: { description: Json } }>
    credentialTypes: Record<string, { type: Any }>
    getNode(type: string): { type: Any }
  }
}

/** Hands out what it is given, and presents it as the credential's class says; n8n's own is part of its server. */
class Credentials {
  readonly #loader: Awaited<ReturnType<typeof loadPackage>>
  readonly #values: Json
  constructor(loader: Awaited<ReturnType<typeof loadPackage>>, values: Json) {
    this.#loader = loader
    this.#values = values
  }
  getParentTypes = () => []
  isCredentialUsableByNode = () => true
  getCredentialsProperties = (type: string) => this.#loader.credentialTypes[type]!.type.properties
  preAuthentication = () => Promise.resolve(undefined)
  runPreAuthentication = () => Promise.resolve(undefined)
  getDecrypted = () => Promise.resolve(this.#values)
  authenticate(values: Json, type: string, request: Json): Promise<Json> {
    const { properties } = this.#loader.credentialTypes[type]!.type.authenticate
    const headers = Object.fromEntries(
      Object.entries(properties.headers as Record<string, string>).map(([name, value]) => [
        name,
        resolved(value, values),
      ]),
    )
    return Promise.resolve({ ...request, headers: { ...(request['headers'] as Json), ...headers } })
  }
}

/** `={{$credentials.x…}}` as n8n resolves it. */
export function resolved(text: string, $credentials: Json): string {
  if (!text.startsWith('=')) return text
  return text
    .slice(1)
    .replaceAll(/\{\{(.*?)\}\}/g, (_, expression: string) =>
      String(runInNewContext(expression, { $credentials })),
    )
}

export interface N8n {
  url: string
  /** Executions that a webhook began, by the items of the last node. */
  executions: { items: Item[]; error?: Error }[]
  /** As the switch in the editor: makes what is missing, as n8n does at its start too. */
  activate(file: WorkflowFile): Promise<Active>
  /** Runs the nodes behind a manual trigger with these items. */
  run(parameters: Json, items?: Json[]): Promise<Item[]>
  close(): Promise<void>
}
export interface Active {
  /** Whether `checkExists` had found everything in order. */
  existed: boolean
  path: string
  staticData: Json
  /** As after a restart of n8n: the remembered data are read, and everything is looked at again. */
  again(file?: WorkflowFile): Promise<Active>
  deactivate(): Promise<void>
}

export async function startN8n(credentials: { url: string; apiKey: string }): Promise<N8n> {
  const loader = await loadPackage(packageDir)
  const bare = (type: string) => type.replace('n8n-nodes-pombo.', '')
  // In place of n8n's own nodes, which are 200 MB more. "Edit Fields" answers its fields, and keeps nothing else.
  const probe = {
    description: {
      properties: [{ name: 'assignments', type: 'assignmentCollection', default: {} }],
      group: ['transform'],
      inputs: ['main'],
      outputs: ['main'],
    },
    execute(this: Any) {
      const fields = (i: number) =>
        (this.getNodeParameter('assignments', i, {}) as { assignments?: Field[] }).assignments
      const items = (this.getInputData() as Item[]).map((item, i) => {
        const given = fields(i)
        const json = given
          ? Object.fromEntries(given.map(({ name, value }) => [name, value]))
          : item.json
        return { json, pairedItem: { item: i } }
      })
      if (items.some(({ json }) => JSON.stringify(json).includes('make the workflow fail')))
        throw new Error('it was asked to fail')
      return Promise.resolve([items])
    },
  }
  const nodeTypes = {
    getByNameAndVersion: (type: string) =>
      type.startsWith('n8n-nodes-pombo.') ? loader.getNode(bare(type)).type : probe,
    getByName: (type: string) => nodeTypes.getByNameAndVersion(type),
    getKnownTypes: () => ({}),
  }
  const additional = (more: Json = {}) => ({
    credentialsHelper: new Credentials(loader, credentials),
    webhookBaseUrl: `${n8n.url}/webhook`,
    webhookTestBaseUrl: `${n8n.url}/webhook-test`,
    webhookWaitingBaseUrl: `${n8n.url}/webhook-waiting`,
    formWaitingBaseUrl: `${n8n.url}/form-waiting`,
    restApiUrl: '',
    instanceBaseUrl: n8n.url,
    variables: {},
    executionId: '1',
    currentNodeExecutionIndex: 0,
    hooks: new core.ExecutionLifecycleHooks('trigger', '1', {}),
    logAiEvent() {},
    ...more,
  })
  const workflowOf = (file: WorkflowFile, staticData: Json = {}) => {
    const id = `wf-${file.name.replaceAll(/\W+/g, '-')}`
    const nodes = file.nodes.map((node) => ({
      ...node,
      ...(node.type.startsWith('n8n-nodes-pombo.') && {
        credentials: { pomboApi: { id: '1', name: 'Pombo' } },
      }),
    }))
    return new Workflow({ ...file, nodes, id, active: true, nodeTypes, staticData })
  }

  const webhooks = new Map<
    string,
    (request: IncomingMessage, body: Buffer, response: Any) => Promise<void>
  >()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const hook = webhooks.get(request.url!)
      if (!hook) return response.writeHead(404).end()
      return void hook(request, Buffer.concat(chunks), withExpress(response))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  async function runFrom(workflow: Any, node: WorkflowNode, items: Item[], mode: string) {
    const data = createRunExecutionData({
      executionData: {
        contextData: {},
        metadata: {},
        waitingExecution: {},
        waitingExecutionSource: {},
        nodeExecutionStack: [{ node, data: { main: [items] }, source: null }],
      },
    })
    const execute = new core.WorkflowExecute(additional(), mode, data)
    const run = (await execute.processRunExecutionData(workflow)) as Run
    const { runData, error, lastNodeExecuted: last = node.name } = run.data.resultData
    const failed =
      error ??
      Object.values(runData)
        .flat()
        .find((one) => one.error)?.error
    if (failed) throw failed
    return runData[last]?.at(-1)?.data?.main[0] ?? []
  }

  const n8n: N8n = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    executions: [],
    async activate(file) {
      return await activate(file, {})
    },
    async run(parameters, items = [{}]) {
      const node = (name: string, type: string, more: Json): WorkflowNode => ({
        id: name,
        name,
        type,
        typeVersion: 1,
        position: [0, 0],
        parameters: more,
      })
      const start = node('start', 'n8n-nodes-base.noOp', {})
      const workflow = workflowOf({
        name: 'by hand',
        nodes: [start, node('Pombo', 'n8n-nodes-pombo.pombo', parameters)],
        connections: { start: { main: [[{ node: 'Pombo', type: 'main', index: 0 }]] } },
      })
      return await runFrom(
        workflow,
        start,
        items.map((json) => ({ json })),
        'manual',
      )
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return n8n

  async function activate(file: WorkflowFile, staticData: Json): Promise<Active> {
    const workflow = workflowOf(file, staticData)
    const node = workflow.nodes[file.nodes.find(({ type }) => type.endsWith('Trigger'))!.name]
    const type = nodeTypes.getByNameAndVersion(node.type)
    const methods = type.webhookMethods.default
    const hook = () => new core.HookContext(workflow, node, additional(), 'trigger', 'activate')
    const existed: boolean = await methods.checkExists.call(hook())
    if (!existed) await methods.create.call(hook())
    const { pathname } = new URL(hook().getNodeWebhookUrl('default'))
    webhooks.set(pathname, async (request, rawBody, response) => {
      const httpRequest = Object.assign(request, { rawBody, body: {}, params: {}, query: {} })
      const more = { httpRequest, httpResponse: response }
      const context = new core.WebhookContext(
        workflow,
        node,
        additional(more),
        'webhook',
        {},
        [],
        null,
      )
      const answer = await type.webhook.call(context)
      if (answer.noWebhookResponse) return
      const mode = workflow.expression.getSimpleParameterValue(
        node,
        type.description.webhooks[0].responseMode,
        'webhook',
        {},
      )
      if (mode === 'onReceived') response.status(200).json({ message: 'Workflow was started' })
      try {
        const items = await runFrom(workflow, node, answer.workflowData[0], 'webhook')
        n8n.executions.push({ items })
        if (mode === 'lastNode') response.status(200).json(items[0]?.json)
      } catch (error) {
        n8n.executions.push({ items: [], error: error as Error })
        if (mode === 'lastNode') response.status(500).json({ message: 'Error in workflow' })
      }
    })
    const saved = () => JSON.parse(JSON.stringify(workflow.staticData)) as Json
    return {
      existed,
      path: pathname,
      staticData: workflow.staticData,
      async again(next = file) {
        return await activate(next, saved())
      },
      async deactivate() {
        webhooks.delete(pathname)
        await methods.delete.call(hook())
      },
    }
  }
}

/** What nodes use of Express. */
function withExpress(response: ServerResponse) {
  return Object.assign(response, {
    status(code: number) {
      response.statusCode = code
      return response
    },
    json(body: unknown) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
      return response
    },
  })
}
