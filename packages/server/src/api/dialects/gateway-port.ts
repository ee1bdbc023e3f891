import type { GatewaysPort, GatewayTaken } from '../../dialects/contract/ports.ts'
import type { Intake } from '../../sources/intake/intake.ts'

/** What a dialect's own path says nothing of; no gateway that has one signs it. */
const elsewhere = { method: 'POST', url: '', query: {}, address: null }

export function gatewaysPort(intake: Intake): GatewaysPort {
  return {
    async take(request) {
      const messages: GatewayTaken['messages'] = []
      const taken = await intake.take({ ...elsewhere, ...request }, ({ eventType }, accepted) => {
        messages.push({ eventType, accepted })
      })
      return { ...taken, messages }
    },
  }
}
