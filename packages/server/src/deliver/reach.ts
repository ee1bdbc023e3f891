import type { Clock } from '../core/clock.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Destinations } from '../destinations/destinations.ts'
import type { DeliverDeps } from './deliver.ts'
import { withTokens } from './oauth/token-sender.ts'
import type { Sender } from './send/send.ts'

/**
 * How each request leaves: by HTTP, with a token where it asks for one, or to the destination that it names.
 * `requested` is told of those by HTTP.
 */
export function createReach(
  sender: Pick<Sender, 'send'>,
  destinations: Pick<Destinations, 'send'>,
  clock: Clock,
  requested?: (url: string, outcome: Outcome) => void,
): DeliverDeps['send'] {
  const straight = withTokens(sender, clock)
  const sendHttp: DeliverDeps['send'] = requested
    ? async (request) => {
        const outcome = await straight(request)
        const isSent = outcome.kind !== 'unreachable' || outcome.reason !== 'aborted'
        if (isSent) requested(request.url, outcome)
        return outcome
      }
    : straight
  return (request) => {
    const { to } = request
    return to === undefined ? sendHttp(request) : destinations.send({ ...request, to })
  }
}
