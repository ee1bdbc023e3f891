import { isIP } from 'node:net'

/** A proxy as it is spoken to. */
export interface Wire {
  write(bytes: Buffer | string): void
  /** So many bytes, and no more of what comes. */
  read(count: number): Promise<Buffer>
}

interface Login {
  username: string
  password: string
}
interface Target {
  address: string
  port: number
}

/** An answer of a proxy that is longer is none. */
const HEAD_BYTES = 16_384

/** RFC 9110, 9.3.6. Throws where the proxy does not connect. */
export async function askConnect(wire: Wire, login: Login, target: Target): Promise<void> {
  const { address, port } = target
  const authority = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`
  const { username, password } = login
  const pair = Buffer.from(`${username}:${password}`).toString('base64')
  const credentials = username === '' ? '' : `Proxy-Authorization: Basic ${pair}\r\n`
  wire.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`)
  let head = ''
  // A byte at a time: what follows the head belongs to the receiver, and heads are short.
  while (!head.endsWith('\r\n\r\n')) {
    if (head.length >= HEAD_BYTES) throw new Error('its answer has no end')
    head += (await wire.read(1)).toString('latin1')
  }
  const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? []
  if (status === undefined) throw new Error('it does not speak HTTP')
  if (!status.startsWith('2')) throw new Error(`it answered ${status}`)
}

const refusals: Record<number, string> = {
  1: 'it failed',
  2: 'its rules do not allow it',
  3: 'the network cannot be reached',
  4: 'the host cannot be reached',
  5: 'nothing accepts connections on that port',
  6: 'it took too long',
  7: 'it does not take CONNECT',
  8: 'it does not take that kind of address',
}

/** RFC 1928, and RFC 1929 where there is a user. Throws where the proxy does not connect. */
export async function askSocks(wire: Wire, login: Login, target: Target): Promise<void> {
  const { username, password } = login
  wire.write(Buffer.from(username === '' ? [5, 1, 0] : [5, 2, 0, 2]))
  const [version, method] = await wire.read(2)
  if (version !== 5) throw new Error('it does not speak SOCKS5')
  if (method === 2) {
    const parts = [username, password].map((part) => Buffer.from(part))
    if (parts.some((part) => part.length > 255))
      throw new Error('a user or password of SOCKS5 has at most 255 bytes')
    wire.write(
      Buffer.concat([
        Buffer.from([1]),
        ...parts.flatMap((part) => [Buffer.from([part.length]), part]),
      ]),
    )
    const [, refused] = await wire.read(2)
    if (refused !== 0) throw new Error('it refused the user and the password')
  } else if (method !== 0) throw new Error('it asks for another way of signing in')
  const port = Buffer.alloc(2)
  port.writeUInt16BE(target.port)
  wire.write(Buffer.concat([Buffer.from([5, 1, 0]), addressBytes(target.address), port]))
  const [, reply, , kind] = await wire.read(4)
  if (reply !== 0) throw new Error(refusals[reply!] ?? `it answered ${reply}`)
  // The address that it connected from, which nobody needs; a name carries its length.
  const length = kind === 4 ? 16 : kind === 3 ? (await wire.read(1))[0]! : 4
  await wire.read(length + 2)
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from([1, ...address.split('.').map(Number)])
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const groups = (text: string | undefined): string[] =>
    text === undefined || text === '' ? [] : text.split(':').flatMap(groupsOf)
  const [before, after] = [groups(head), groups(tail)]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const all = [...before, ...(tail === undefined ? [] : zeros), ...after]
  const bytes = Buffer.alloc(17)
  bytes[0] = 4
  for (const [index, group] of all.entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), 1 + index * 2)
  return bytes
}

/** The end of an address may be written as IPv4 (`::ffff:192.0.2.1`). */
function groupsOf(part: string): string[] {
  if (!part.includes('.')) return [part]
  const [a, b, c, d] = part.split('.').map(Number) as [number, number, number, number]
  return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)]
}
