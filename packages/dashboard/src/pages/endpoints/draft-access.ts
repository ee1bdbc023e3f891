import type { Endpoint, EndpointInput } from '../../api/shapes.ts'
import { listOf } from '../../parts/list-of.ts'

/** How requests say who sends them, as a form holds it. What is secret is never shown, so that it may stay as it is. */
export interface AccessDraft {
  auth: 'keep' | 'none' | 'bearer' | 'basic' | 'oauth2'
  token: string
  username: string
  password: string
  tokenUrl: string
  clientId: string
  clientSecret: string
  clientAuth: 'basic' | 'post'
  scopes: string
  /** `name=value`, one a line. */
  extraParams: string
  /** PEM; empty: as it is. */
  cert: string
  key: string
  ca: string
  dropCert: boolean
  dropCa: boolean
}

export const noAccess: AccessDraft = {
  auth: 'none',
  token: '',
  username: '',
  password: '',
  tokenUrl: '',
  clientId: '',
  clientSecret: '',
  clientAuth: 'basic',
  scopes: '',
  extraParams: '',
  cert: '',
  key: '',
  ca: '',
  dropCert: false,
  dropCa: false,
}

export function accessDraftOf({ auth }: Pick<Endpoint, 'auth'>): AccessDraft {
  if (auth === null || auth === undefined) return noAccess
  return {
    ...noAccess,
    auth: 'keep',
    username: auth.username ?? '',
    tokenUrl: auth.tokenUrl ?? '',
    clientId: auth.clientId ?? '',
    clientAuth: auth.clientAuth ?? 'basic',
    scopes: (auth.scopes ?? []).join(' '),
    extraParams: (auth.extraParams ?? []).map((name) => `${name}=`).join('\n'),
  }
}

const asked = {
  keep: [],
  none: [],
  bearer: ['token'],
  basic: ['username', 'password'],
  oauth2: ['tokenUrl', 'clientId', 'clientSecret'],
} as const satisfies Record<AccessDraft['auth'], readonly (keyof AccessDraft)[]>

export type WrongAccess = 'missing' | 'url' | 'pem' | 'pair' | 'params'

/** By field, what is wrong with it. */
export function wrongAccess(draft: AccessDraft): Partial<Record<keyof AccessDraft, WrongAccess>> {
  const wrong: Partial<Record<keyof AccessDraft, WrongAccess>> = {}
  for (const name of asked[draft.auth]) if (draft[name].trim() === '') wrong[name] = 'missing'
  if (draft.auth === 'oauth2') {
    if (wrong.tokenUrl === undefined && !/^https?:\/\/[^/\s]+/i.test(draft.tokenUrl.trim()))
      wrong.tokenUrl = 'url'
    if (paramsOf(draft.extraParams) === undefined) wrong.extraParams = 'params'
  }
  for (const name of ['cert', 'key', 'ca'] as const)
    if (draft[name].trim() !== '' && !draft[name].includes('-----BEGIN ')) wrong[name] = 'pem'
  if (draft.cert.trim() === '' && draft.key.trim() !== '') wrong.cert = 'pair'
  if (draft.key.trim() === '' && draft.cert.trim() !== '') wrong.key = 'pair'
  return wrong
}

function paramsOf(text: string): Record<string, string> | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const pairs = lines.map((line) => /^\s*([^=\s]+)\s*=\s*(\S.*?)\s*$/.exec(line))
  if (pairs.some((pair) => pair === null)) return undefined
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!]))
}

/** What is sent to Pombo; what stays is not. */
export function accessInput(draft: AccessDraft): Pick<EndpointInput, 'auth' | 'tls'> {
  return { ...authInput(draft), ...tlsInput(draft) }
}

function authInput(draft: AccessDraft): Pick<EndpointInput, 'auth'> {
  const { auth: type } = draft
  if (type === 'keep') return {}
  if (type === 'none') return { auth: null }
  if (type === 'bearer') return { auth: { type, token: draft.token.trim() } }
  if (type === 'basic')
    return { auth: { type, username: draft.username.trim(), password: draft.password } }
  const extraParams = paramsOf(draft.extraParams) ?? {}
  const scopes = listOf(draft.scopes.replaceAll(/\s+/g, ','))
  return {
    auth: {
      type,
      tokenUrl: draft.tokenUrl.trim(),
      clientId: draft.clientId.trim(),
      clientSecret: draft.clientSecret,
      clientAuth: draft.clientAuth,
      ...(scopes.length > 0 && { scopes }),
      ...(Object.keys(extraParams).length > 0 && { extraParams }),
    },
  }
}

function tlsInput({ cert, key, ca, dropCert, dropCa }: AccessDraft): Pick<EndpointInput, 'tls'> {
  const tls = {
    ...(dropCert && { cert: null, key: null }),
    ...(cert.trim() !== '' && { cert }),
    ...(key.trim() !== '' && { key }),
    ...(dropCa && { ca: null }),
    ...(ca.trim() !== '' && { ca }),
  }
  return Object.keys(tls).length === 0 ? {} : { tls }
}
