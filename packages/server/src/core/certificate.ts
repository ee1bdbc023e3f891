import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { EndpointTls } from './endpoint-access.ts'
import type { Coded, FieldCode } from './field-problem.ts'
import { say } from './sentences/sentences.ts'

const blocks = /-----BEGIN ([A-Z ]*)-----[A-Za-z0-9+/=\s]+-----END \1-----/g
const maxCharacters = 65_536
const maxAuthorities = 50

/** What is shown of a certificate. */
export interface CertificateFacts {
  subject: string
  issuer: string
  expiresAtMs: number
  fingerprint256: string
}

/** What is wrong with each part; none repeats anything of a key. */
export function tlsProblems(
  tls: EndpointTls,
  nowMs: number,
): (readonly [string, string | Coded])[] {
  const problems: (readonly [string, string | Coded])[] = []
  const { ca, cert, key } = tls
  const tooLong: Coded = {
    msg: `is longer than ${maxCharacters} characters`,
    code: 'too_long',
    values: { limit: maxCharacters },
  }
  for (const [part, text] of Object.entries({ ca, cert, key }))
    if (text !== undefined && text.length > maxCharacters) problems.push([part, tooLong])
  if (problems.length > 0) return problems
  if (ca !== undefined) note('ca', authoritiesProblem(ca, nowMs))
  if (cert !== undefined) note('cert', identityProblem(cert, nowMs))
  if (key !== undefined) note('key', keyProblem(key))
  if (cert === undefined && key !== undefined)
    note('cert', {
      msg: 'is needed beside key: an endpoint is shown both or neither',
      code: 'key_without_certificate',
    })
  if (cert !== undefined && key === undefined)
    note('key', {
      msg: 'is needed beside cert: an endpoint is shown both or neither',
      code: 'certificate_without_key',
    })
  if (problems.length > 0) return problems
  if (cert !== undefined && !certificatesIn(cert)[0]!.checkPrivateKey(readKey(key!)))
    return [
      ['key', { msg: 'is not the key of the first certificate in cert', code: 'key_of_another' }],
    ]
  // Apart, so that the one that TLS does not take is named: a key that is too short, a digest that is out of use.
  if (ca !== undefined) note('ca', refusalOf({ ca }))
  if (cert !== undefined) note('cert', refusalOf({ cert, ...(key !== undefined && { key }) }))
  return problems

  function note(part: string, problem: string | Coded | undefined): void {
    if (problem !== undefined) problems.push([part, problem])
  }
}

function refusalOf(parts: EndpointTls): string | undefined {
  try {
    createSecureContext(parts)
    return undefined
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    const weak = /KEY_TOO_SMALL|MD_TOO_WEAK/.test(code ?? '')
    return say(weak ? 'certificate_weak' : 'certificate_unusable', { reason: code ?? message })
  }
}

/** The facts of each certificate in a text that was checked. */
export function certificateFacts(pem: string): CertificateFacts[] {
  return certificatesIn(pem).map((certificate) => ({
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    expiresAtMs: certificate.validToDate.getTime(),
    fingerprint256: certificate.fingerprint256,
  }))
}

/** Certificates and key of one text, as Svix's clients give an identity; `key` is undefined where there is none. */
export function splitIdentity(pem: string): { cert: string; key: string | undefined } {
  const found = [...pem.matchAll(blocks)]
  const withLabel = (wanted: (label: string) => boolean): string[] =>
    found.flatMap(([text, label]) => (wanted(label!) ? [text] : []))
  return {
    cert: withLabel((label) => label === 'CERTIFICATE').join('\n'),
    key: withLabel((label) => label.endsWith('PRIVATE KEY'))[0],
  }
}

function authoritiesProblem(pem: string, nowMs: number): string | Coded | undefined {
  const read = tryToRead(pem)
  if ('problem' in read) return read.problem
  if (read.certificates.length > maxAuthorities)
    return {
      msg: `holds ${read.certificates.length} certificates, at most ${maxAuthorities} are allowed`,
      code: 'too_many',
      values: { limit: maxAuthorities },
    }
  return read.certificates.map((one) => validityProblem(one, nowMs)).find(Boolean)
}

function identityProblem(pem: string, nowMs: number): string | Coded | undefined {
  const read = tryToRead(pem)
  return 'problem' in read ? read.problem : validityProblem(read.certificates[0]!, nowMs)
}

function tryToRead(pem: string): { certificates: X509Certificate[] } | { problem: Coded } {
  const no = (msg: string, code: FieldCode) => ({ problem: { msg, code } })
  if (pem.includes('PRIVATE KEY-----'))
    return no('holds a private key, which goes in key', 'certificate_is_key')
  try {
    const certificates = certificatesIn(pem)
    if (certificates.length > 0) return { certificates }
    return no('holds no certificate in PEM (-----BEGIN CERTIFICATE-----)', 'certificate_missing')
  } catch {
    return no(
      'holds a certificate that cannot be read: it is cut short or altered',
      'certificate_unreadable',
    )
  }
}

function certificatesIn(pem: string): X509Certificate[] {
  return [...pem.matchAll(blocks)]
    .filter(([, label]) => label === 'CERTIFICATE')
    .map(([text]) => new X509Certificate(text))
}

function validityProblem(certificate: X509Certificate, nowMs: number): string | undefined {
  const { subject, validToDate, validFromDate } = certificate
  if (validToDate.getTime() <= nowMs)
    return say('certificate_expired', { subject: oneLine(subject), at: validToDate.toISOString() })
  // A day of grace: whoever has just made one may have a clock that is ahead.
  if (validFromDate.getTime() > nowMs + 86_400_000)
    return say('certificate_early', { subject: oneLine(subject), at: validFromDate.toISOString() })
  return undefined
}

function keyProblem(pem: string): string | undefined {
  if (/ENCRYPTED/.test(pem)) return say('key_passphrase')
  if (!pem.includes('PRIVATE KEY-----')) return say('key_missing')
  try {
    readKey(pem)
    return undefined
  } catch {
    return say('key_unreadable')
  }
}

function readKey(pem: string): KeyObject {
  return createPrivateKey(pem)
}

/** Node writes a name's parts on lines of their own. */
function oneLine(name: string): string {
  return name.split('\n').join(', ')
}
