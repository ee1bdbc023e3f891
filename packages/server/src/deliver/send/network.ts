// The way out for destinations that are not HTTP: past the same guard, by the same egress.
import type { Socket } from 'node:net'
import type { Egress } from '../../core/egress.ts'
import { errorCode } from '../../core/thrown.ts'
import { type Network, Refused } from '../../destinations/contract/network.ts'
import { createGuard, type GuardOptions } from '../guard/guard.ts'
import { createConnect } from './connect.ts'
import { straight } from './egress.ts'

/** Ports of brokers and databases, which HTTP is not let onto. */
const brokerPorts = new Set([1883, 4222, 5432, 5671, 5672, 6379, 6380, 6432, 8883])

export function createNetwork(options: GuardOptions, egress: Egress = straight): Network {
  const guard = createGuard(options, brokerPorts)
  const connect = createConnect(guard, egress)
  return {
    tls: egress.tls,
    // Asked each time: the configuration may be read again.
    encryptedOnly: () => options.httpsOnly,
    async dial({ hostname, port }, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<Socket>()
      const cancel = connect(
        { hostname, port, secure: false },
        {
          onOpen: resolve,
          onRefused: (refusal) => reject(new Refused(refusal)),
          onError: reject,
        },
      )
      const giveUp = () => {
        cancel()
        reject(new Error('given up while connecting'))
      }
      if (signal.aborted) giveUp()
      signal.addEventListener('abort', giveUp)
      try {
        return await promise
      } finally {
        signal.removeEventListener('abort', giveUp)
      }
    },
    async resolve({ hostname, port }) {
      const resolution = await guard.resolve(hostname, port).catch((error: Error) => {
        throw Object.assign(new Error(error.message, { cause: error }), {
          code: `DNS_${errorCode(error) || 'FAILED'}`,
        })
      })
      if (!resolution.allowed) throw new Refused(resolution)
      const { address } = resolution.addresses[0]!
      if (egress.isDirect(hostname, address)) return address
      throw new Refused({
        allowed: false,
        reason: 'address',
        detail:
          `${hostname} would be reached past POMBO_EGRESS_PROXY, since this client connects by itself; ` +
          'encrypt the connection where it can be, or name the host in POMBO_EGRESS_NO_PROXY',
      })
    },
  }
}
