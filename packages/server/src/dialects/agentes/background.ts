/**
 * What the dialect does beside its requests: it registers the documented workflows, and keeps to the environment's
 * secret.
 */
import { PomboError } from '../../core/error.ts'
import type { Caller } from '../contract/caller.ts'
import type { DialectPorts, BackgroundTask } from '../contract/ports.ts'
import { type StartupTask, startupTask } from '../contract/startup-task.ts'
import { organizationsOf } from './organizations.ts'
import { create, type RegisteredDeps } from './registered.ts'
import type { AgentesValues } from './settings.ts'
import { documentedWorkflows, workflowUid, workflowUrl } from './workflows.ts'

/** Where it is noted for which n8n they were registered. */
const noteKey = 'n8n/registered'
const pageSize = 200

export function createBackgroundTask(ports: DialectPorts, values: AgentesValues): BackgroundTask {
  const deps = { ports, values, organizations: organizationsOf(ports, values.organization) }
  let running: StartupTask[] = []
  return {
    start() {
      running = [
        startupTask(
          ports,
          () => registerWorkflows(deps),
          'n8n’s workflows could not be registered',
        ),
        startupTask(
          ports,
          () => renewSecrets(deps),
          'WEBHOOK_SECRET could not be brought to its endpoints',
        ),
      ]
    },
    async stop() {
      await Promise.all(running.map((one) => one.stop()))
    },
  }
}

/**
 * Once for an n8n: what somebody removed stays removed. After a move they follow it, unless they were pointed
 * elsewhere meanwhile.
 */
async function registerWorkflows(deps: RegisteredDeps): Promise<void> {
  const { ports, values, organizations } = deps
  const { n8nUrl } = values
  if (n8nUrl === undefined) return
  const operator = await ports.operator()
  const before = (await ports.notes.get(operator, 'agentes', noteKey))?.value['url']
  if (before === n8nUrl) return
  const app = await organizations.ensure(operator, undefined)
  for (const { id, name, path, eventType } of documentedWorkflows) {
    const url = workflowUrl(n8nUrl, path)
    const endpoint = await ports.endpoints.find(app, workflowUid(id))
    if (endpoint && typeof before === 'string') {
      const isUntouched = endpoint.url === workflowUrl(before, path)
      if (isUntouched) await ports.endpoints.patch(app, endpoint.id, { url })
    } else if (!endpoint && before === undefined)
      await create(deps, operator, app, 'n8n', {
        name,
        url,
        events: [eventType],
        metadata: { workflow_id: id },
        uid: workflowUid(id),
      }).catch(unless('conflict'))
  }
  await ports.notes.put(operator, 'agentes', noteKey, { url: n8nUrl })
}

async function renewSecrets({ ports, values }: RegisteredDeps): Promise<void> {
  const { webhookSecret } = values
  if (webhookSecret === undefined) return
  for (const [app, endpointId] of await signedByEnvironment(ports, await ports.operator())) {
    const current = await ports.endpoints.secret(app, endpointId)
    if (current?.text === webhookSecret) continue
    await ports.endpoints
      .patch(app, endpointId, { secret: webhookSecret })
      .catch(unless('validation'))
  }
}

async function signedByEnvironment(ports: DialectPorts, operator: Caller) {
  const metadata = { secret: 'environment' }
  const all = []
  for (let offset = 0; ; offset += pageSize) {
    const query = { dialect: 'agentes', metadata, limit: pageSize, offset } as const
    const { rows, total } = await ports.endpoints.list(operator, query)
    for (const { endpoint, app } of rows) {
      const { id, uid, name } = app
      const scope = {
        id,
        uid,
        name,
        tenantId: operator.tenantId,
        metadata: {},
        createdAtMs: 0,
        updatedAtMs: 0,
      }
      all.push([scope, endpoint.id] as const)
    }
    if (rows.length === 0 || offset + rows.length >= total) return all
  }
}

/** Another node was quicker: then it is there already. */
function unless(code: 'conflict' | 'validation') {
  return (error: unknown): undefined => {
    if (!(error instanceof PomboError) || error.code !== code) throw error
  }
}
