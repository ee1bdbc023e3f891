import { bodyBytes, type Bytes, concat, decodeBase64, equalBytes, utf8 } from './encoding.ts'

// WhatsApp names its key derivations after four types; the others share one of them.
const derivations = {
  image: 'WhatsApp Image Keys',
  sticker: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  audio: 'WhatsApp Audio Keys',
  ptt: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
} as const

export type MediaKind = keyof typeof derivations

export type MediaErrorCode =
  /** Not the base64 of 32 bytes, or a kind that WhatsApp does not have. */
  | 'bad_key'
  /** Too short, or cut within a block: the download is not complete. */
  | 'bad_length'
  /** The bytes are not what was encrypted with this key for this kind. */
  | 'bad_mac'
  | 'bad_padding'

export class MediaError extends Error {
  override readonly name = 'MediaError'
  readonly code: MediaErrorCode

  constructor(code: MediaErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

const macBytes = 10
const blockBytes = 16

/**
 * Bytes of the encrypted download of a file of `fileLength` bytes: `fileLength` in an event is that of the file
 * itself, so the download's content-length never equals it. Padding is always added, a whole block to a length that
 * fills its last one.
 */
export function encryptedLength(fileLength: number): number {
  if (!Number.isSafeInteger(fileLength) || fileLength < 0)
    throw new RangeError('fileLength must be a whole number of bytes.')
  return (Math.floor(fileLength / blockBytes) + 1) * blockBytes + macBytes
}

/**
 * The file behind an encrypted WhatsApp download (what `url` or `directPath` of the event answers). Downloads
 * nothing. `mediaKey` is the event's, in base64: it opens the file, so keep it out of logs. Throws MediaError;
 * nothing is decrypted before the MAC has been found right.
 */
export async function decryptMedia(
  encrypted: Uint8Array | ArrayBuffer,
  mediaKey: string,
  kind: MediaKind,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(bodyBytes(encrypted))
  const { iv, cipherKey, macKey } = await deriveKeys(mediaKey, kind)
  const ciphertext = bytes.slice(0, -macBytes)
  if (ciphertext.length < blockBytes || ciphertext.length % blockBytes !== 0)
    throw new MediaError(
      'bad_length',
      `${bytes.length} bytes are not a whole encrypted file: was the download complete?`,
    )
  const hmacKey = await crypto.subtle.importKey(
    'raw',
    macKey,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', hmacKey, concat(iv, ciphertext)))
  if (!equalBytes(mac.slice(0, macBytes), bytes.slice(-macBytes)))
    throw new MediaError(
      'bad_mac',
      `The file was not encrypted with this key for the kind "${kind}", or it was changed on the way.`,
    )
  const aesKey = await crypto.subtle.importKey('raw', cipherKey, 'AES-CBC', false, ['decrypt'])
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, aesKey, ciphertext))
  } catch (cause) {
    throw new MediaError(
      'bad_padding',
      'The file was authenticated but not padded as WhatsApp does.',
      { cause },
    )
  }
}

async function deriveKeys(
  mediaKey: string,
  kind: MediaKind,
): Promise<{ iv: Bytes; cipherKey: Bytes; macKey: Bytes }> {
  const secret = decodeBase64(mediaKey)
  if (secret?.length !== 32)
    throw new MediaError('bad_key', 'A media key is 32 bytes in base64, as the event gives it.')
  if (!Object.hasOwn(derivations, kind))
    throw new MediaError(
      'bad_key',
      `The kind of media must be one of ${Object.keys(derivations).join(', ')}.`,
    )
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const info = utf8(derivations[kind])
  const derived = new Uint8Array(
    await crypto.subtle.deriveBits(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info },
      base,
      112 * 8,
    ),
  )
  return {
    iv: derived.slice(0, 16),
    cipherKey: derived.slice(16, 48),
    macKey: derived.slice(48, 80),
  }
}
