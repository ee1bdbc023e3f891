/**
 * Members that hold secrets or a person's data, whatever object they are in. Compared in lower case, without `-` and
 * `_`. A payload is the producer's: a log is no place for it.
 */
const hidden = new Set([
  'authorization',
  'proxyauthorization',
  'apikey',
  'key',
  'token',
  'accesstoken',
  'secret',
  'secrets',
  'clientsecret',
  'password',
  'mediakey',
  'payload',
  'cookie',
  'setcookie',
  'databaseurl',
  'encryptionkeys',
])

const MAX_DEPTH = 6

/** A copy without what must not be logged. Values that are not plain objects or lists pass as they are. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '[deeper]'
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1))
  if (value instanceof Error) return describeError(value)
  if (!isPlain(value)) return value
  const copy: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value))
    copy[name] = hidden.has(name.toLowerCase().replace(/[-_]/g, ''))
      ? '[hidden]'
      : redact(member, depth + 1)
  return copy
}

/**
 * What a log says of an error. Not its other members: HTTP clients put whole requests there, and PostgreSQL's `detail`
 * quotes rows.
 */
export function describeError(error: Error): Record<string, unknown> {
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
