import { readFileSync } from 'node:fs'
import type { Setting } from '../core/setting.ts'
import { errorCode } from '../core/thrown.ts'

/** `POMBO_API_KEY_FILE` names a file that holds POMBO_API_KEY, as Docker and Kubernetes hand over secrets. */
const SUFFIX = '_FILE'

/** The variables that name the file of a secret: one for each secret. */
export function secretFileVariables(settings: readonly Setting<unknown>[]): string[] {
  return settings.filter(({ secret }) => secret).map(({ variable }) => variable + SUFFIX)
}

/** The secret, from the file that its variable names; what is wrong with that file otherwise. */
export function readSecretFile(
  variable: string,
  path: string,
): { ok: true; text: string } | { ok: false; problem: string } {
  const named = `${variable}${SUFFIX} names ${path}`
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    return { ok: false, problem: `${named}, which cannot be read: ${reason(error)}.` }
  }
  const text = content.replace(/^\uFEFF/, '').trim()
  if (text === '') return { ok: false, problem: `${named}, which is empty.` }
  return { ok: true, text }
}

/** The name of the variable that may name this one's file. */
export const fileVariableOf = (variable: string): string => variable + SUFFIX

function reason(error: unknown): string {
  const code = errorCode(error)
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'Pombo may not read it'
  if (code === 'EISDIR') return 'it is a folder'
  return String(error)
}
