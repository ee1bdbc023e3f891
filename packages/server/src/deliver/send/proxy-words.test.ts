import { isIPv6 } from 'node:net'
import { expect, test } from 'vitest'
import { askConnect, askSocks, type Wire } from './proxy-words.ts'

const nobody = { username: '', password: '' }

/** A proxy that answers what it is given, and keeps what it is told. */
function wire(answer: Buffer | string): Wire & { told: Buffer[] } {
  let left = Buffer.from(answer)
  const told: Buffer[] = []
  return {
    told,
    write: (bytes) => void told.push(Buffer.from(bytes)),
    async read(count) {
      const bytes = left.subarray(0, count)
      left = left.subarray(count)
      if (bytes.length < count) throw new Error('it closed the connection')
      return bytes
    },
  }
}

const connected = Buffer.from([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0])

test.each([
  ['203.0.113.9', '01cb007109'],
  ['::1', `04${'00'.repeat(15)}01`],
  ['2001:db8::1', '0420010db8000000000000000000000001'],
  ['2001:db8:1:2:3:4:5:6', '0420010db8000100020003000400050006'],
  ['fe80::', `04fe80${'00'.repeat(14)}`],
  ['::ffff:192.0.2.1', '0400000000000000000000ffffc0000201'],
])('SOCKS5 is told %s in its bytes', async (address, bytes) => {
  const proxy = wire(connected)
  await askSocks(proxy, nobody, { address, port: 443 })
  expect(proxy.told[1]!.toString('hex')).toBe(`050100${bytes}01bb`)
})

test('an answer of SOCKS5 with a name is read to its end, and one that refuses says why', async () => {
  const named = Buffer.from([5, 0, 5, 0, 0, 3, 2, 97, 98, 0, 80])
  await askSocks(wire(named), nobody, { address: '203.0.113.9', port: 80 })
  const refused = Buffer.from([5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0])
  const target = { address: '203.0.113.9', port: 80 }
  await expect(askSocks(wire(refused), nobody, target)).rejects.toThrow('its rules do not allow it')
  await expect(askSocks(wire('HTTP/1.1 400'), nobody, target)).rejects.toThrow('not speak SOCKS5')
  const long = { username: 'x'.repeat(256), password: 'y' }
  await expect(askSocks(wire(Buffer.from([5, 2])), long, target)).rejects.toThrow('255 bytes')
})

test('CONNECT names an IPv6 address in brackets, and takes no more than the head', async () => {
  const proxy = wire('HTTP/1.1 200 OK\r\nVia: x\r\n\r\nrest')
  const address = '2001:db8::1'
  expect(isIPv6(address)).toBe(true)
  await askConnect(proxy, nobody, { address, port: 443 })
  expect(proxy.told.join()).toBe(
    'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n',
  )
  expect((await proxy.read(4)).toString()).toBe('rest')
  await expect(askConnect(wire('x'.repeat(20_000)), nobody, { address, port: 1 })).rejects.toThrow(
    'its answer has no end',
  )
  await expect(askConnect(wire('SSH-2.0\r\n\r\n'), nobody, { address, port: 1 })).rejects.toThrow(
    'it does not speak HTTP',
  )
})
