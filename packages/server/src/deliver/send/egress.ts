import { readFileSync } from 'node:fs'
import { createSecureContext, getCACertificates } from 'node:tls'
import type { Egress } from '../../core/egress.ts'
import { errorMessage } from '../../core/thrown.ts'
import { together } from '../../core/together.ts'
import { bypassOf, proxyOf } from './proxy.ts'

/** As the configuration has it: URLs, and paths of files. */
export interface EgressSettings {
  egressProxy?: string
  egressNoProxy: readonly string[]
  egressAddress?: string
  egressCa?: string
  egressCert?: string
  egressKey?: string
  egressHttp2?: boolean
  egressTlsMin: '1.2' | '1.3'
}

/** From any address of the machine, trusting the usual authorities. */
export const straight: Egress = { isDirect: () => true, tls: {} }

/** Reads the files; throws, naming the variables, where some cannot be used. */
export function openEgress(settings: EgressSettings): Egress {
  const { egressProxy, egressCa, egressCert, egressKey } = settings
  const certificateMark = '-----END CERTIFICATE-----'
  const [ca, cert, key] = together(
    () => read(egressCa, 'POMBO_EGRESS_CA', certificateMark),
    () => read(egressCert, 'POMBO_EGRESS_CERT', certificateMark),
    () => read(egressKey, 'POMBO_EGRESS_KEY', 'PRIVATE KEY-----'),
  )
  const tls: Egress['tls'] = {
    minVersion: `TLSv${settings.egressTlsMin}`,
    // Beside the usual ones: a company's own authority signs its own receivers, and others are reached too.
    ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
  try {
    createSecureContext(tls)
  } catch (error) {
    const detail = errorMessage(error)
    throw new Error(
      `The files of POMBO_EGRESS_CA, POMBO_EGRESS_CERT and POMBO_EGRESS_KEY cannot be used: ${detail}.`,
      { cause: error },
    )
  }
  return {
    proxy: egressProxy === undefined ? undefined : proxyOf(egressProxy),
    isDirect: egressProxy === undefined ? () => true : bypassOf(settings.egressNoProxy),
    localAddress: settings.egressAddress,
    http2: settings.egressHttp2,
    tls,
  }
}

function read(path: string | undefined, variable: string, mark: string): string | undefined {
  if (path === undefined) return undefined
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const detail = errorMessage(error)
    throw new Error(`${variable} names ${path}, which cannot be read: ${detail}.`, { cause: error })
  }
  if (!text.includes(mark)) throw new Error(`${variable} names ${path}, which holds none in PEM.`)
  return text
}
