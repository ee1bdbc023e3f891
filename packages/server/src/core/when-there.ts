/**
 * What is usually in memory is answered at once, and waited for only where it has to be loaded. On the way of a message
 * an `await` of what is there already costs as much as the look itself (0.5 µs for each function that waits).
 */
export type MaybeLater<T> = T | Promise<T>

export function whenThere<T, U>(
  value: MaybeLater<T>,
  use: (value: T) => MaybeLater<U>,
): MaybeLater<U> {
  return value instanceof Promise ? value.then(use) : use(value)
}
