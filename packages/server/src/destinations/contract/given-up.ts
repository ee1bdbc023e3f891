/** A client's connection, unless nobody waits for it any more; one that opens after all is closed. */
export async function unlessGivenUp<T extends { close(): Promise<unknown> }>(
  connecting: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(new Error('given up')), { once: true })
  try {
    return await Promise.race([connecting, givenUp])
  } catch (error) {
    connecting.then(
      (late) => void late.close().catch(() => {}),
      () => {},
    )
    throw error
  }
}
