import { PomboApiError } from './api-error.ts'

export interface Deadline {
  signal: AbortSignal
  leftMs(): number
  end(): void
}

/**
 * By hand rather than by AbortSignal.any and AbortSignal.timeout, which are younger than some of the runtimes served.
 */
export function startDeadline(
  name: string,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Deadline {
  const controller = new AbortController()
  const abort = () => controller.abort(outer?.reason)
  const endsAtMs = Date.now() + timeoutMs
  const timer = setTimeout(() => {
    controller.abort(
      new PomboApiError(name, 0, { code: 'timeout', detail: `No answer within ${timeoutMs} ms.` }),
    )
  }, timeoutMs)
  if (outer?.aborted) abort()
  else outer?.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    leftMs: () => endsAtMs - Date.now(),
    end() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}

/** Rejects with the signal's reason. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, ms)
    const abort = () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

export function readTimeout(timeoutMs: number): number {
  // Above 2^31 - 1 timers fire at once.
  if (!(timeoutMs > 0 && timeoutMs <= 0x7fffffff))
    throw new TypeError('timeoutMs must be from 1 to 2147483647.')
  return timeoutMs
}
