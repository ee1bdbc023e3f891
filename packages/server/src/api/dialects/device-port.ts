import type { DevicesPort } from '../../dialects/contract/devices.ts'
import type { DialectApp } from '../../dialects/contract/caller.ts'
import type { PortDeps } from './ports.ts'

export function devicesPort({ devices, urlProblem }: PortDeps): DevicesPort {
  return {
    gatewayProblem(text) {
      const url = URL.parse(text)
      if (!url || (url.protocol !== 'ws:' && url.protocol !== 'wss:'))
        return 'must be the URL of a websocket, such as wss://gateway.example.com/ws'
      // A password is welcome here: it is sealed, and sent as Basic authentication.
      url.username = ''
      url.password = ''
      return urlProblem(url.href.replace(/^ws/, 'http'))
    },
    save: async (app, gatewayUrl) => await devices.save(idsOf(app), gatewayUrl),
    told: async (app, event) => await devices.told(idsOf(app), event),
    states: async (apps) => await devices.find(apps.map(({ id }) => id)),
  }
}

function idsOf({ id, tenantId }: DialectApp): { id: string; tenantId: string } {
  return { id, tenantId }
}
