/** The sessions of jobs that come over a queue: a ZapHub enqueues for sessions that nobody has told Pombo of. */
import { createHash } from 'node:crypto'
import type { Endpoint } from '../../core/endpoint.ts'
import type { DialectApp } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'
import { jobTag } from './job.ts'
import { messageUuid } from './message-id.ts'
import { makeEndpoint } from '../contract/endpoint.ts'
import { webhookUid } from './session.ts'

/** What the source of the queues asks of this dialect. All of it belongs to the first tenant. */
export function jobSessions(
  ports: DialectPorts,
  { queueConcurrency }: { queueConcurrency: number },
) {
  const appOf = async (session: string): Promise<DialectApp> =>
    await ports.apps.ensure(await ports.operator(), session)
  return {
    async appOf(session: string) {
      const { tenantId, id } = await appOf(session)
      return { tenantId, appId: id }
    },
    async endpointOf(session: string, url: string) {
      const app = await appOf(session)
      const { id } = await endpointOfJob(ports, app, url, queueConcurrency)
      return { tenantId: app.tenantId, appId: app.id, endpointId: id }
    },
    messageUuid: (session: string, waMessageId: string) => messageUuid(session, waMessageId, false),
    deliveryTag: jobTag,
  }
}

/**
 * Where a job's request goes: the session's webhook, which a session without one gets thereby; for another URL an
 * endpoint of its own, which gets what jobs address to it and nothing else.
 */
async function endpointOfJob(
  ports: DialectPorts,
  app: DialectApp,
  url: string,
  maxInFlight: number,
): Promise<Endpoint> {
  const webhook = await ports.endpoints.find(app, webhookUid)
  if (webhook?.url === url) return webhook
  if (!webhook)
    return await makeEndpoint(
      ports,
      app,
      { uid: webhookUid, dialect: 'zaphub' },
      { url, maxInFlight },
    )
  const uid = `zaphub-${createHash('sha256').update(url).digest('hex').slice(0, 32)}`
  return (
    (await ports.endpoints.find(app, uid)) ??
    (await makeEndpoint(
      ports,
      app,
      { uid, dialect: 'zaphub' },
      {
        url,
        maxInFlight,
        filter: 'false',
        description: 'Gets only what jobs of webhook-delivery address to this URL.',
      },
    ))
  )
}
