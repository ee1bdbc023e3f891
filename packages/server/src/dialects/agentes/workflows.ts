/** n8n's workflows: the seven of the document, and how a workflow is kept as an endpoint. */
import { z } from 'zod'
import type { Endpoint } from '../../core/endpoint.ts'
import type { Counts } from '../contract/delivery-log.ts'
import { givenId } from './organizations.ts'
import { showCommon, syncType } from './registered.ts'

export interface DocumentedWorkflow {
  id: string
  name: string
  /** Behind N8N_WEBHOOK_URL/webhook/; also the `sync_type` that means it. */
  path: string
  eventType: string
}

const rows = [
  ['dkbY8I5uombxmvgj', 'User Registration', 'user-registration', 'user.registered'],
  ['FldlvK2bWumCZKjB', 'Payment Processed', 'payment-processed', 'payment.confirmed'],
  [
    'lObbf36H57cqVoTu',
    'WhatsApp Integration',
    'whatsapp-connected',
    'integration.whatsapp.connected',
  ],
  ['azDbM1j9UpSvU1wl', 'OpenAI Integration', 'openai-connected', 'integration.openai.connected'],
  ['jd2ydLGtQhvbC2q8', 'Agent Created', 'agent-created', 'agent.created'],
  ['xFfJRPSsgxZpx0NH', 'Template Applied', 'template-applied', 'template.applied'],
  ['5a8pr08Hyyw3DmHk', 'Onboarding Complete', 'onboarding-complete', 'onboarding.completed'],
] as const

export const documentedWorkflows: readonly DocumentedWorkflow[] = rows.map(
  ([id, name, path, eventType]) => ({ id, name, path, eventType }),
)

export function workflowUrl(n8nUrl: string, path: string): string {
  return `${n8nUrl}/webhook/${path}`
}

/** The uid of a workflow's endpoint. */
export function workflowUid(workflowId: string): string {
  return `n8n.${workflowId}`
}

export const workflowIn = z.object({
  workflow_id: z
    .string()
    .regex(/^[\w.-]{1,200}$/, 'has 1 to 200 letters, digits, "-", "_" and "."')
    .optional(),
  name: z.string().max(1_000).optional(),
  webhook_url: z.string().optional(),
  /** Left out, null or empty: all. */
  event_types: z.array(z.string()).nullish(),
  is_active: z.boolean().optional(),
  secret: z.string().nullish(),
  user_id: givenId,
  organization_id: givenId,
})

export function showWorkflow(
  { endpoint, app }: { endpoint: Endpoint; app: { uid: string | null; id: string } },
  counts: Counts | undefined,
  allTypes: readonly string[],
) {
  return {
    id: endpoint.id,
    workflow_id: workflowIdOf(endpoint),
    organization_id: app.uid ?? app.id,
    name: endpoint.description,
    webhook_url: endpoint.url,
    event_types: (endpoint.eventTypes ?? allTypes).filter((type) => type !== syncType),
    ...showCommon(endpoint, counts),
  }
}

export function workflowIdOf({ metadata, id: endpointId }: Endpoint): string {
  return metadata['workflow_id'] ?? endpointId
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

/** Whether a `sync_type` means this workflow: by its id, its name, the end of its URL, or an event that it is for. */
export function isMeant(endpoint: Endpoint, syncType: string): boolean {
  const { pathname } = new URL(endpoint.url)
  const wanted = slug(syncType)
  return (
    workflowIdOf(endpoint) === syncType ||
    slug(endpoint.description) === wanted ||
    slug(pathname.split('/').at(-1) ?? '') === wanted ||
    (endpoint.eventTypes ?? []).some((type) => slug(type) === wanted)
  )
}
