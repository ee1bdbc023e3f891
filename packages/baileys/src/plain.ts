/**
 * Events as plain JSON values, the originals untouched. Baileys hands over protobuf objects: Longs become numbers
 * (text where a number would lose digits), bytes become base64, errors what they say. Key material is left out
 * wherever it stands.
 */

type Fields = Record<string, unknown>

/**
 * What opens the account or its chats. A file's `mediaKey` and a message's `messageSecret` open that one file and
 * that one poll, and whoever gets the message needs them, so they stay.
 */
const keyMaterial = new Set([
  'accountSignatureKey',
  'advSecretKey',
  'appStateSyncKeyShare',
  'creds',
  'fastRatchetKeySenderKeyDistributionMessage',
  'historySyncNotification',
  'identifierKey',
  'nctSalt',
  'noiseKey',
  'pairingEphemeralKeyPair',
  'privKey',
  'privateKey',
  'routingInfo',
  'senderKeyDistributionMessage',
  'signedIdentityKey',
  'signedPreKey',
  'tcToken',
  'waffleNonceFetchRequestResponse',
])

/** @throws TypeError for what goes round in circles; WhatsApp's own objects never do */
export function plain(value: unknown): unknown {
  return copy(value, [])
}

function copy(value: unknown, path: object[]): unknown {
  if (typeof value === 'object') return value === null ? null : copyObject(value, path)
  if (typeof value === 'bigint') return fromBigInt(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  return typeof value === 'function' || typeof value === 'symbol' ? undefined : value
}

function copyObject(value: object, path: object[]): unknown {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof URL) return value.href
  if (path.includes(value)) throw new TypeError('The event refers to itself.')
  const inner = [...path, value]
  if (value instanceof Error) return ofError(value, inner)
  if (value instanceof Map) return copyFields(Object.fromEntries(value) as Fields, inner)
  if (value instanceof Set || Array.isArray(value))
    return Array.from(value as Iterable<unknown>, (item) => copy(item, inner) ?? null)
  return fromLong(value as Fields) ?? copyFields(value as Fields, inner)
}

/**
 * Own fields only: protobuf objects have their defaults on the prototype, and `toJSON` there would rename all
 * statuses.
 */
function copyFields(fields: Fields, path: object[]): Fields {
  const copied: Fields = {}
  for (const [key, value] of Object.entries(fields)) {
    if (keyMaterial.has(key) || key === '__proto__') continue
    // A key pair, whatever it is called.
    if (key === 'private' && typeof value !== 'boolean') continue
    const one = copy(value, path)
    if (one !== undefined) copied[key] = one
  }
  return copied
}

/** What a Boom says of why a connection closed. Its `data` may hold anything, requests with their headers included. */
function ofError(error: Error & { output?: unknown; code?: unknown }, path: object[]): Fields {
  const { name, message, output, code } = error
  const { statusCode, payload } = (output ?? {}) as Fields
  return {
    name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(output ? { output: copy({ statusCode, payload }, path) } : {}),
  }
}

function fromLong({ low, high, unsigned }: Fields): number | string | undefined {
  if (typeof low !== 'number' || typeof high !== 'number' || typeof unsigned !== 'boolean')
    return undefined
  const bits = (BigInt(high) << 32n) | BigInt(low >>> 0)
  return fromBigInt(unsigned ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits))
}

function fromBigInt(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}
