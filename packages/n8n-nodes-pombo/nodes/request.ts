import {
  type IDataObject,
  type IExecuteFunctions,
  type IHookFunctions,
  type IHttpRequestMethods,
  type ILoadOptionsFunctions,
  type IWebhookFunctions,
  type JsonObject,
  NodeApiError,
} from 'n8n-workflow'

export type Caller = IExecuteFunctions | IHookFunctions | ILoadOptionsFunctions | IWebhookFunctions

export interface CallOptions {
  body?: IDataObject
  query?: IDataObject
  itemIndex?: number
}

export interface Answer {
  status: number
  body: unknown
}

/** A path of Pombo's API, with the parts that come from parameters made safe for it. */
export function path(strings: TemplateStringsArray, ...parts: string[]): string {
  return String.raw({ raw: strings }, ...parts.map(encodeURIComponent))
}

/** One call of Pombo's API. Refusals are thrown in Pombo's own words, which name the field and the mend. */
export async function call(
  caller: Caller,
  method: IHttpRequestMethods,
  target: string,
  options: CallOptions = {},
): Promise<unknown> {
  const answer = await ask(caller, method, target, options)
  if (answer.status < 300) return answer.body
  throw refusal(caller, answer, options.itemIndex)
}

/** The same, where one refusal is an answer too: undefined. */
export async function callOr(
  status: 404 | 409,
  caller: Caller,
  method: IHttpRequestMethods,
  target: string,
  options: CallOptions = {},
): Promise<unknown> {
  const answer = await ask(caller, method, target, options)
  if (answer.status === status) return undefined
  if (answer.status < 300) return answer.body
  throw refusal(caller, answer, options.itemIndex)
}

async function ask(
  caller: Caller,
  method: IHttpRequestMethods,
  target: string,
  { body, query }: CallOptions,
): Promise<Answer> {
  const credentials = await caller.getCredentials<{ url: string }>('pomboApi')
  const answer = (await caller.helpers.httpRequestWithAuthentication.call(caller, 'pomboApi', {
    method,
    url: `${credentials.url.replace(/\/+$/, '')}/api/v1${target}`,
    headers: { accept: 'application/json' },
    ...(body === undefined ? {} : { body }),
    ...(query === undefined ? {} : { qs: query }),
    json: true,
    ignoreHttpStatusErrors: true,
    returnFullResponse: true,
  })) as { statusCode: number; body: unknown }
  return { status: answer.statusCode, body: answer.body }
}

function refusal(caller: Caller, { status, body }: Answer, itemIndex?: number): NodeApiError {
  return new NodeApiError(
    caller.getNode(),
    { status, ...(isObject(body) ? body : {}) } as JsonObject,
    {
      message: `Pombo refused: ${reason(body) ?? `status ${status}`}`,
      httpCode: String(status),
      ...(itemIndex === undefined ? {} : { itemIndex }),
    },
  )
}

/** `{code, detail}`, and of a 422 a list of `{loc, msg}`. */
function reason(body: unknown): string | undefined {
  if (!isObject(body)) return undefined
  const { detail } = body
  if (typeof detail === 'string') return detail
  if (!Array.isArray(detail)) return undefined
  return detail
    .filter(isObject)
    .map(({ loc, msg }) => `${Array.isArray(loc) ? loc.join('.') : ''} ${String(msg)}`.trim())
    .join('; ')
}

export function isObject(value: unknown): value is IDataObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
