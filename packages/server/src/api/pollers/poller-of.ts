import { PomboError } from '../../core/error.ts'
import type { Poller, Pollers } from '../../registry/pollers/store.ts'
import type { AppScope } from '../../registry/apps/app.ts'
import type { Holder } from '../access.ts'
import type { Needs } from '../route-deps.ts'

export type PollerDeps = Needs<'db' | 'payloads' | 'pollers' | 'clock' | 'arrivals'>

/** The polling endpoint that a call names; a token of another one finds none. */
export async function pollerOf(
  pollers: Pollers,
  call: { holder: Holder; scope: AppScope },
  idOrUid: string,
): Promise<Poller> {
  const poller = await pollers.get(call.scope, idOrUid)
  const { pollerId } = call.holder
  if (pollerId === null || pollerId === poller.id) return poller
  throw new PomboError('not_found', { what: 'poller', id: idOrUid })
}
