import { PomboError } from '../core/error.ts'
import { includes, type Role } from '../core/role.ts'
import { say } from '../core/sentences/sentences.ts'

/**
 * The role that each operation takes, for keys and for people who are signed in. Whatever only shows takes `read`, and
 * whatever else is not named here takes `administer`: so what is new is closed until somebody thought about it.
 */
const named: Readonly<Record<string, Role>> = {
  // Changes nothing.
  'v1.endpoint.try-transform': 'read',
  'v1.message.precheck': 'read',
  'v1.endpoint.transformation-simulate': 'read',
  'v1.event-type.generate-example': 'read',
  'v1.environment.export': 'read',
  'v1.session.delete': 'read',
  'v1.bulk.preview': 'read',
  'v1.try.filter': 'read',
  'v1.try.transform': 'read',
  'v1.try.address': 'read',
  'v1.template.try': 'read',
  logout_api_v1_auth_logout__post: 'read',
  // Sets going what was set up.
  'v1.message.create': 'operate',
  'v1.message.create-batch': 'operate',
  'v1.message.test-attempt': 'operate',
  'v1.message.broadcast': 'operate',
  'v1.message.poller.consumer-seek': 'operate',
  'v1.message.poller-v2.consumer-commit': 'operate',
  'v1.endpoint.cancel-messages': 'operate',
  'v1.statistics.aggregate-app-stats': 'operate',
  'v1.statistics.aggregate-event-types': 'operate',
  'v1.message-attempt.resend': 'operate',
  'v1.message-attempt.skip': 'operate',
  'v1.endpoint.recover': 'operate',
  'v1.endpoint.replay-missing': 'operate',
  'v1.endpoint.bulk-replay': 'operate',
  'v1.endpoint.send-example': 'operate',
  'v1.endpoint.pause': 'operate',
  'v1.endpoint.resume': 'operate',
  'v1.endpoint.enable': 'operate',
  'v1.endpoint.set-circuit': 'operate',
  'v1.replay.create': 'operate',
  'v1.bulk.create': 'operate',
  'v1.message.resend': 'operate',
  'v1.background-task.cancel': 'operate',
  // Shows what signs, and what opens doors elsewhere.
  'v1.endpoint.get-secret': 'administer',
  'v1.integration.get-key': 'administer',
  'v1.authentication.get-poller-token': 'administer',
  'v1.operational-webhook.endpoint.get-secret': 'administer',
}

export const namedOperations = Object.keys(named)

export function roleOf({ id, method }: { id: string; method: string }): Role {
  return named[id] ?? (method === 'GET' ? 'read' : 'administer')
}

/** Refuses a key of a lesser role. */
export function requireRole(held: Role, needed: Role): void {
  if (includes(held, needed)) return
  throw new PomboError('permission_denied', { detail: say('role_short', { held, needed }) })
}

/** What a dialect's request takes: its own paths, in its own words. */
export function roleOfDialect(method: string, url: string): Role {
  if (method === 'GET' || method === 'HEAD') return 'read'
  return /\/(?:trigger|retry|resend|reprocess|replay|test)(?:[/?]|$)/.test(url)
    ? 'operate'
    : 'administer'
}
