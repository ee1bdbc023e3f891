import { readTls } from '../api/door/tls.ts'
import type { Config } from '../config/config.ts'
import { together } from '../core/together.ts'
import { openEgress } from '../deliver/send/egress.ts'

/**
 * Reads the files of certificates and keys that the configuration names, before anything is made; throws, with every
 * problem, where some cannot be used.
 */
export function checkNamedFiles(config: Config): void {
  const { tlsCert: cert, tlsKey: key } = config
  together(
    () => cert !== undefined && key !== undefined && readTls({ cert, key }),
    () => openEgress(config),
  )
}
