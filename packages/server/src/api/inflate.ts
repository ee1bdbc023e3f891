import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib'
import { PomboError } from '../core/error.ts'

/** Text packs to a tenth or a twentieth; what grows by more than this was made to do harm. */
const maxRatio = 250
/** Up to here the ratio does not matter: a short body of one repeated letter is nobody's attack. */
const harmlessBytes = 1_048_576
/**
 * By zlib's own 16 KiB at a time, each piece a visit to another thread, 1.1 MB of text took 5.2 ms of a core; by these
 * 3.3. A short body gets no buffer that it does not fill.
 */
const pieceBytes = 65_536
const shortBytes = 4_096
/** Nobody packs twice on purpose, but proxies do. */
const maxLayers = 2

type Unpack = (
  bytes: Buffer,
  options: { maxOutputLength: number; chunkSize?: number },
) => Promise<Buffer>

const unpackGzip = promisify(gunzip)
const unpackZlib = promisify(inflate)
const unpackBare = promisify(inflateRaw)
const unpackers: Readonly<Record<string, Unpack>> = {
  gzip: unpackGzip,
  'x-gzip': unpackGzip,
  // With zlib's frame as the standard has it, or bare as some send it.
  deflate: (bytes, options) => (isZlib(bytes) ? unpackZlib : unpackBare)(bytes, options),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
}

/**
 * A body out of its `Content-Encoding`, never inflated beyond the bound.
 * @throws PomboError `too_large`, `bad_compression`, `unsupported_encoding`
 */
export async function inflated(
  bytes: Buffer,
  contentEncoding: string | undefined,
  limitBytes: number,
): Promise<Buffer> {
  if (contentEncoding === undefined || bytes.length === 0) return bytes
  const layers = contentEncoding
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  const unknown = layers.find((name) => !Object.hasOwn(unpackers, name))
  if (unknown !== undefined || layers.length > maxLayers)
    throw new PomboError('unsupported_encoding', { given: contentEncoding.slice(0, 60) })
  const maxOutputLength = Math.min(limitBytes, Math.max(harmlessBytes, bytes.length * maxRatio))
  let inner = bytes
  for (const name of layers.toReversed()) {
    try {
      inner = await unpackers[name]!(inner, {
        maxOutputLength,
        ...(inner.length > shortBytes && { chunkSize: pieceBytes }),
      })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      if (error.code === 'ERR_BUFFER_TOO_LARGE' && maxOutputLength === limitBytes)
        throw new PomboError('too_large', { limitBytes })
      if (error.code === 'ERR_BUFFER_TOO_LARGE')
        throw new PomboError('inflates_too_much', { ratio: maxRatio })
      throw new PomboError('bad_compression', { encoding: name }, { cause: error })
    }
  }
  return inner
}

function isZlib(bytes: Buffer): boolean {
  return bytes.length >= 2 && (bytes[0]! & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0
}
