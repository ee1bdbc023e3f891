import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that the machine takes for its outgoing connections (on Linux from 32768 up). */
const [lowest, highest] = [20_000, 32_000]

/** A port for a server that is told its port and may be started again on it: nobody gets it by chance meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    const probe = createServer()
    probe.listen(port, '127.0.0.1')
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}
