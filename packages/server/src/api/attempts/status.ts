/** How a delivery stands, in the words and numbers of Svix. */
export type StatusText = 'success' | 'pending' | 'fail' | 'sending' | 'canceled'

const numbers: Record<StatusText, number> = {
  success: 0,
  pending: 1,
  fail: 2,
  sending: 3,
  canceled: 4,
}
const texts = Object.keys(numbers) as StatusText[]

export function statusByNumber(number: number): StatusText {
  return texts[number]!
}

/**
 * What a delivery's state is called. Open work is sending while a node has it in hand, else pending. What was never
 * sent (the endpoint was disabled) is canceled; to clients that do not know the word it is a failure.
 */
export function statusOf(
  state: 'pending' | 'sending' | 'delivered' | 'exhausted' | 'discarded',
  expanded: boolean,
): StatusText {
  switch (state) {
    case 'delivered':
      return 'success'
    case 'exhausted':
      return 'fail'
    case 'discarded':
      return expanded ? 'canceled' : 'fail'
    case 'pending':
    case 'sending':
      return state
  }
}

export function showStatus(text: StatusText): { status: number; statusText: StatusText } {
  return { status: numbers[text], statusText: text }
}

/** The status of a query by its word. */
export function filterOf<Query extends { status?: number | undefined }>(query: Query) {
  return { ...query, status: query.status === undefined ? undefined : statusByNumber(query.status) }
}
