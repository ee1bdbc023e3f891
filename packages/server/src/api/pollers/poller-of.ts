import type { Clock } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import type { Poller, Pollers } from '../../registry/pollers/store.ts'
import type { AppScope } from '../../registry/apps/app.ts'
import type { Holder } from '../access.ts'
import type { Messages } from '../history/messages/store.ts'

export interface PollerDeps extends Messages {
  pollers: Pollers
  clock: Clock
}

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
