import { connect } from 'node:net'
import { once } from 'node:events'

/**
 * Why a broker cannot be tested with, or undefined where it answers. In CI a missing one is an error, unless
 * POMBO_TEST_BROKERS is `optional`.
 */
export async function brokerMissing(name: string, host: string): Promise<string | undefined> {
  const [hostname = '', port] = host.split(':')
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(2_000) })
    return undefined
  } catch {
    const why = `NOT RUN: no ${name} answers at ${host}`
    if (process.env['CI'] === 'true' && process.env['POMBO_TEST_BROKERS'] !== 'optional')
      throw new Error(why)
    return why
  } finally {
    socket.destroy()
  }
}

export async function never(): Promise<never> {
  throw new Error('it is missing here')
}
