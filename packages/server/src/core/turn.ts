/** So long a turn may take of the event loop, in milliseconds; then others have theirs. */
const turnMs = 5

/** @returns whether the turn that begins now is over */
export function beginTurn(): () => boolean {
  const until = performance.now() + turnMs
  return () => performance.now() >= until
}
