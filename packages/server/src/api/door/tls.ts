import { readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { errorMessage } from '../../core/thrown.ts'
import { together } from '../../core/together.ts'

/** The files of a certificate and of its private key, PEM. */
export interface TlsFiles {
  cert: string
  key: string
}

// Files are looked at, not watched: a renewal may swap a link or a folder, which watching misses.
const LOOK_EVERY_MS = 10_000

/** What HTTPS is served with; throws, naming the files, where it cannot be. */
export function readTls({ cert, key }: TlsFiles): SecureContextOptions & { cert: string } {
  const [certificate, privateKey] = together(
    () => readNamed(cert, 'POMBO_TLS_CERT'),
    () => readNamed(key, 'POMBO_TLS_KEY'),
  )
  const options = { cert: certificate, key: privateKey, minVersion: 'TLSv1.2' as const }
  try {
    // OpenSSL takes an empty text for "none", which is what a file holds while it is written.
    if (!options.cert.includes('-----END CERTIFICATE-----'))
      throw new Error('there is no certificate in it')
    if (!/-----END [A-Z ]*PRIVATE KEY-----/.test(options.key))
      throw new Error('there is no private key in it')
    createSecureContext(options)
  } catch (error) {
    const detail = errorMessage(error)
    throw new Error(
      `HTTPS cannot be served with ${cert} (POMBO_TLS_CERT) and ${key} (POMBO_TLS_KEY): ${detail}. ` +
        'Both have to be PEM, and the key the one of the certificate.',
      { cause: error },
    )
  }
  return options
}

function readNamed(path: string, variable: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const detail = errorMessage(error)
    throw new Error(`${variable} names ${path}, which cannot be read: ${detail}.`, { cause: error })
  }
}

/** Takes up a renewed certificate, for the connections that come then. A wrong one leaves the old one in place. */
export function renewTls(
  server: Server,
  files: TlsFiles,
  log: { info(message: string): void; problem(error: unknown): void },
  everyMs = LOOK_EVERY_MS,
): { stop(): void } {
  const read = () => readFileSync(files.cert, 'utf8') + readFileSync(files.key, 'utf8')
  let known = read()
  let failed = ''
  const timer = setInterval(() => {
    try {
      const now = read()
      if (now === known) return
      server.setSecureContext(readTls(files))
      known = now
      failed = ''
      log.info(`the certificate ${files.cert} was renewed`)
    } catch (error) {
      // Between two files being written one is new and the other old: said once, tried again.
      const about = String(error)
      if (about !== failed) log.problem(error)
      failed = about
    }
  }, everyMs).unref()
  return { stop: () => clearInterval(timer) }
}
