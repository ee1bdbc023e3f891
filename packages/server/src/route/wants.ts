import type { Message } from '../core/message.ts'
import type { Endpoint } from '../core/endpoint.ts'
import { type RouteRules, route } from './route.ts'

/** Whether a message would go to an endpoint of its app if it came now. */
export function wantsMessage(
  routesOf: (message: Message) => Promise<{ endpoints: Endpoint[] } | undefined>,
  rules: RouteRules,
) {
  return async (endpointId: string, message: Message): Promise<boolean> => {
    const endpoint = (await routesOf(message))?.endpoints.find(({ id }) => id === endpointId)
    return endpoint !== undefined && route(message, [endpoint], rules).targets.length > 0
  }
}
