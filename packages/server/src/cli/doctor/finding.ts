import { filled } from '../../core/sentences/sentences.ts'
import { type FindingCode, sentences } from './sentences.ts'
import type { Said } from '../../core/said.ts'

type Values = Readonly<Record<string, string | number>>

/**
 * What a check found. `mend` says what to do about it; an `ok` has none. What is said of a running Pombo has a code,
 * and the values that stand in its sentences.
 */
export type Finding = {
  name: string
  detail: string
  code?: FindingCode
  values?: Values
  /** Of the reason among the values. */
  because?: Pick<Said, 'code' | 'values'>
} & ({ level: 'ok' } | { level: 'warn' | 'fail'; mend: string })

export function ok(name: string, detail: string): Finding {
  return { level: 'ok', name, detail }
}

export function warn(name: string, detail: string, mend: string): Finding {
  return { level: 'warn', name, detail, mend }
}

export function fail(name: string, detail: string, mend: string): Finding {
  return { level: 'fail', name, detail, mend }
}

export function finding(
  level: Finding['level'],
  name: string,
  code: FindingCode,
  values: Values = {},
): Finding {
  const { detail, mend = '' }: { detail: string; mend?: string } = sentences[code]
  const said = { name, detail: filled(detail, values), code, values }
  return level === 'ok' ? { level, ...said } : { level, ...said, mend: filled(mend, values) }
}
