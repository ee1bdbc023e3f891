// Certificates for tests, made when they are needed: an expired one cannot be had otherwise, no private key lies in the
// repository, and `openssl` need not be installed. Just enough of X.509 (RFC 5280) in DER.
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIPv4 } from 'node:net'

export type Certificate = { cert: string; key: string }
export type Authority = { cert: string; sign(options: LeafOptions): Certificate }
/** Names, or addresses of IPv4. */
export type LeafOptions = {
  names: string[]
  from?: Date
  until?: Date
  /** With an RSA key of 1024 bits, which TLS no longer takes. */
  weak?: true
}

const dayMs = 86_400_000
const yesterday = () => new Date(Date.now() - dayMs)
const tomorrow = () => new Date(Date.now() + dayMs)

/** An authority that can sign for others; make Node trust it with `tls.setDefaultCACertificates`. */
export function createAuthority(name: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cert = encode({
    issuer: name,
    subject: name,
    publicKey: keys.publicKey,
    signedBy: keys.privateKey,
    from: yesterday(),
    until: tomorrow(),
    extension: extension([0x55, 0x1d, 0x13], sequence(der(0x01, [0xff]))), // basicConstraints: a CA
  })
  return { cert, sign: (options) => createLeaf(options, name, keys.privateKey) }
}

/** A certificate that nobody vouches for. */
export function createSelfSigned(options: LeafOptions): Certificate {
  return createLeaf(options, options.names[0]!)
}

function createLeaf(
  { names, from = yesterday(), until = tomorrow(), weak }: LeafOptions,
  issuer: string,
  authority?: KeyObject,
): Certificate {
  const keys = weak
    ? generateKeyPairSync('rsa', { modulusLength: 1_024 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const altNames = names.map((name) =>
    isIPv4(name) ? der(0x87, name.split('.').map(Number)) : der(0x82, Buffer.from(name)),
  )
  const cert = encode({
    issuer,
    subject: names[0]!,
    publicKey: keys.publicKey,
    signedBy: authority ?? keys.privateKey,
    from,
    until,
    extension: extension([0x55, 0x1d, 0x11], sequence(...altNames)), // subjectAltName
  })
  return { cert, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

type Fields = {
  issuer: string
  subject: string
  publicKey: KeyObject
  signedBy: KeyObject
  from: Date
  until: Date
  extension: Buffer
}

function encode(fields: Fields): string {
  const ecdsaWithSha256 = sequence(der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]))
  const body = sequence(
    der(0xa0, der(0x02, [2])), // version 3
    der(0x02, [0x01, ...randomBytes(8)]),
    ecdsaWithSha256,
    commonName(fields.issuer),
    sequence(time(fields.from), time(fields.until)),
    commonName(fields.subject),
    fields.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(fields.extension)),
  )
  const signature = sign('sha256', body, fields.signedBy)
  const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature])))
  const lines = whole.toString('base64').match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(der(0x06, [0x55, 0x04, 0x03]), der(0x0c, Buffer.from(name)))))
}

function extension(oid: number[], value: Buffer): Buffer {
  return sequence(der(0x06, oid), der(0x01, [0xff]), der(0x04, value))
}

/** GeneralizedTime. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/\D/g, '').slice(0, 14)
  return der(0x18, Buffer.from(`${digits}Z`))
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function der(tag: number, content: Buffer | number[]): Buffer {
  const { length } = content
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), Buffer.from(content)])
}
