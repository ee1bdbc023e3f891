import type { Config } from '../config/config.ts'
import { withBasePath } from '../core/base-path.ts'
import { clientAddress } from './address.ts'
import { reasonOf } from './output.ts'

/** A refusal by a running Pombo, in its own words. */
export interface ApiFailure {
  ok: false
  /** 0: no answer. */
  status: number
  problem: string
}

export interface PomboApi {
  url: string
  call<T>(
    method: Method,
    path: string,
    body?: unknown,
  ): Promise<{ ok: true; value: T } | ApiFailure>
  /** As `call`, but a refusal ends the command. */
  must<T>(method: Method, path: string, body?: unknown): Promise<T>
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Which of a server's APIs is called: what its paths begin with, and how it wants the key. */
export interface Face {
  base: string
  headers(apiKey: string): Record<string, string>
}

export function bearer(apiKey: string): Record<string, string> {
  return { authorization: `Bearer ${apiKey}` }
}

const native: Face = { base: '/api/v1', headers: bearer }

/** Talks to a running Pombo as any of its clients would. */
export function openApi(serverUrl: string, apiKey: string, face: Face = native): PomboApi {
  const call: PomboApi['call'] = async <T>(method: string, path: string, body?: unknown) => {
    let response: Response
    let text: string
    try {
      response = await fetch(`${serverUrl}${face.base}${path}`, {
        method,
        headers: {
          ...face.headers(apiKey),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      })
      text = await response.text()
    } catch (error) {
      return {
        ok: false,
        status: 0,
        problem: `No Pombo answers at ${serverUrl} (${reasonOf(error)}).`,
      }
    }
    if (response.ok) return { ok: true, value: (text === '' ? undefined : JSON.parse(text)) as T }
    return {
      ok: false,
      status: response.status,
      problem: `Pombo at ${serverUrl} answered ${response.status}: ${detailOf(text)}`,
    }
  }
  return {
    url: serverUrl,
    call,
    async must<T>(method: Method, path: string, body?: unknown) {
      const answer = await call<T>(method, path, body)
      if (!answer.ok) throw new Error(answer.problem)
      return answer.value
    },
  }
}

/** The server and the key that the configuration names; a sentence when there is no key. */
export function apiOf(
  config: Config,
): { ok: true; api: PomboApi } | { ok: false; problem: string } {
  if (config.apiKey === undefined)
    return {
      ok: false,
      problem:
        'POMBO_API_KEY is not set. It is the key to present to the running Pombo: the one ' +
        'printed at its first start, or another of the tenant.',
    }
  return {
    ok: true,
    api: openApi(serverUrlOf(config), config.apiKey),
  }
}

/** Where the running Pombo is reached. */
export function serverUrlOf(config: Config): string {
  return withBasePath(config.serverUrl ?? ownUrl(config), config.basePath)
}

const ownUrl = ({ listen, tlsCert }: Config): string =>
  `${tlsCert === undefined ? 'http' : 'https'}://${clientAddress(listen)}`

/** Svix's form: `detail` is a text, or a list of problems with fields. */
function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown }
    if (typeof detail === 'string') return detail
    if (Array.isArray(detail))
      return detail
        .map(
          (one: { loc?: string[]; msg?: string }) =>
            `${one.loc?.join('.') ?? ''}: ${one.msg ?? ''}`,
        )
        .join('; ')
  } catch {
    // Not from Pombo, perhaps from a proxy before it.
  }
  return text.slice(0, 300).trim() || 'nothing more'
}
