import type { Permission } from './outcome.ts'
import { codeOf, type CodedSentence, type SentenceCode } from './sentences/sentences.ts'

/**
 * What is wrong with one field. People read the sentence; programs that say it in another language, as the dashboard
 * does, go by the code. These are of more than one sentence; the others are those of core/sentences.
 */
export const fieldCodes = [
  'missing',
  'unknown_field',
  'wrong_type',
  'wrong_form',
  'option',
  'too_long',
  'too_short',
  'too_many',
  'too_few',
  'too_high',
  'too_low',
  'out_of_range',
  'characters',
  'bad_name',
  'taken_form',
  'expression',
  'schedule',
  'unknown_event_type',
  // Of times.
  'time_order',
  'time_past',
  'time_future',
  // Of certificates and keys in PEM.
  'certificate_missing',
  'certificate_unreadable',
  'certificate_is_key',
  'certificate_without_key',
  'key_without_certificate',
  'key_of_another',
  'nested_too_deep',
  // Of an address, before anything is sent there.
  'address_url',
  'address_scheme',
  'address_credentials',
  'address_port',
  'address_host',
  'address_address',
  'address_request',
  // Of the way to a broker or a database.
  'unreachable_dns',
  'unreachable_connect-refused',
  'unreachable_no-route',
  'unreachable_tls',
  'unreachable_reset',
  'unreachable_closed',
  'unreachable_protocol',
  'unreachable_network',
  'unreachable_local',
  'unreachable_aborted',
  'unreachable_timeout',
  // What it says to who asks.
  'declined_credentials',
  'declined_forbidden',
  'declined_missing',
  'declined_unfit',
  'declined_full',
  'declined_refused',
  'library_missing',
] as const

export type FieldCode = (typeof fieldCodes)[number] | SentenceCode

/** A sentence that completes "<field>: …", with its code and what stands in it. */
export interface Coded {
  msg: string
  code: FieldCode
  values?: Readonly<Record<string, string | number>>
  /** Of what others, or Pombo in another sentence, say among the values. */
  because?: CodedSentence
}

/** Undefined: nothing is wrong. */
export type Problem = string | Coded | undefined

export function coded(problem: string | Coded): Pick<Coded, 'msg'> & Partial<Coded> {
  return typeof problem === 'string' ? { msg: problem, ...codeOf(problem) } : problem
}

/** Of the address guard's no. */
export function refusedAddress({ reason, detail }: Extract<Permission, { allowed: false }>): Coded {
  return { msg: detail, code: `address_${reason}` }
}
