import type { Tracing } from '../core/trace.ts'
import type { Prepared } from './prepared.ts'

/**
 * Stores a message as a span of its own, and with it where that stands. The write is nobody's in particular: others'
 * messages may be in it.
 */
export async function storeTraced(
  prepared: Prepared,
  trace: Tracing,
  store: () => Promise<boolean>,
): Promise<boolean> {
  const { message, payloadBytes, unmatched, deliveries } = prepared
  const span = trace.accepting(message, payloadBytes)
  message.trace = span.context
  try {
    const stored = await trace.apart(store)
    const result = unmatched === null ? 'accepted' : 'unmatched'
    span.stored(stored ? result : 'duplicate', stored ? deliveries.length : 0)
    return stored
  } catch (error) {
    span.failed(error)
    throw error
  }
}
