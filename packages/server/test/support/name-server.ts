// A DNS server on loopback that knows a few names, says "no such name" to others, and stays silent where it is told to.
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'

export type NameServer = { address: string; questions: string[]; close(): void }

const typeA = 1
const noSuchName = 3

/** `answers` maps a name to its IPv4 addresses, to `silent`, or to `broken` (SERVFAIL). */
export async function startNameServer(
  answers: Record<string, string[] | 'silent' | 'broken'>,
): Promise<NameServer> {
  const questions: string[] = []
  const socket = createSocket('udp4', (query: Buffer, peer: RemoteInfo) => {
    const { name, type, end } = readQuestion(query)
    questions.push(name)
    const answer = answers[name]
    if (answer === 'silent') return
    const addresses = type === typeA && Array.isArray(answer) ? answer : []
    const code = answer === undefined ? noSuchName : answer === 'broken' ? 2 : 0
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | code, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(addresses.length, 6)
    const records = addresses.map((address) =>
      // A pointer to the question's name, A, IN, TTL 0, four bytes.
      Buffer.from([0xc0, 12, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
    )
    socket.send(
      Buffer.concat([header, query.subarray(12, end), ...records]),
      peer.port,
      peer.address,
    )
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, questions, close: () => socket.close() }
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}
