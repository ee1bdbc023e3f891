import type { Kind } from '../../core/setting.ts'
import { duration, integer, kind } from '../../core/setting-kinds.ts'
import { option, type Values } from '../command.ts'
import type { Mischief } from './mischief.ts'
import { readVerificationKey, type VerificationKey } from './verify.ts'

/** A share of requests: `20%` or `0.2`, as a number from 0 to 1. */
function share(): Kind<number> {
  return kind(
    'a percentage, such as 20% (or 0.2)',
    '20%',
    (text) => {
      const value = /^\d+(\.\d+)?%$/.test(text)
        ? Number(text.slice(0, -1)) / 100
        : /^[01](\.\d+)?$/.test(text)
          ? Number(text)
          : Number.NaN
      if (Number.isNaN(value)) return { problem: 'it is not a percentage' }
      return value > 1 ? { problem: 'it is more than 100%' } : { value }
    },
    (value) => `${value * 100}%`,
  )
}

export function verificationKey(): Kind<VerificationKey> {
  return kind(
    'a signing secret (whsec_… or whsk_…) or a public key (whpk_…)',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    (text) => {
      const read = readVerificationKey(text)
      return read.ok ? { value: read.key } : { problem: read.problem }
    },
    () => '(hidden)',
  )
}

/** The ways to misbehave, as options of a command. */
export const mischiefOptions = {
  fail: option(share(), 'share', 'Share of requests to answer with --status', 0),
  status: option(integer(300, 599, 'an HTTP status'), 'status', 'What failing means', 503),
  'retry-after': option(
    integer(0, 86_400, 'seconds'),
    'seconds',
    'Retry-After to send with a failure',
  ),
  latency: option(
    duration(0, 600_000, { bareUnit: 'ms', example: '200ms' }),
    'time',
    'How long to wait before answering',
    0,
  ),
  hang: option(share(), 'share', 'Share of requests never to answer', 0),
  reset: option(share(), 'share', 'Share of requests whose connection to reset', 0),
  'gone-after': option(
    integer(0, 1_000_000_000, 'requests'),
    'count',
    'Answer 410 (gone) to all requests after this many',
  ),
  seed: option(integer(0, 4_294_967_295), 'number', 'Makes the same decisions again', 1),
}

type MischiefValues = Values<typeof mischiefOptions>

/** What they contradict together. */
export function mischiefProblems({ fail, hang, reset }: MischiefValues): string[] {
  return fail + hang + reset > 1 + 1e-9
    ? ['--fail, --hang and --reset exclude each other: together they can be 100% at most.']
    : []
}

export function mischiefOf(values: MischiefValues): Mischief {
  const { fail, hang, reset, status, seed, latency: latencyMs } = values
  return {
    fail,
    hang,
    reset,
    status,
    seed,
    latencyMs,
    retryAfterSeconds: values['retry-after'],
    goneAfter: values['gone-after'],
  }
}
