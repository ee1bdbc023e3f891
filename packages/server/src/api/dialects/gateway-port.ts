import type { GatewaysPort, GatewayTaken } from '../../dialects/contract/ports.ts'
import type { Intake } from '../../sources/intake/intake.ts'

export function gatewaysPort(intake: Intake): GatewaysPort {
  return {
    async take(request) {
      const messages: GatewayTaken['messages'] = []
      const taken = await intake.take(request, ({ eventType }, accepted) => {
        messages.push({ eventType, accepted })
      })
      return { ...taken, messages }
    },
  }
}
