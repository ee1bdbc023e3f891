import { expect, test } from 'vitest'
import type { BlockReason } from '../../core/outcome.ts'
import { createGuard, parseSubnet } from './guard.ts'
import type { Lookup } from './lookup.ts'

const guard = createGuard({ allowSubnets: [], httpsOnly: false })

type Case = [url: string, verdict: BlockReason | 'allowed']

const urls: Case[] = [
  // What must keep working.
  ['https://example.com', 'allowed'],
  ['https://example.com/hook?x=1#part', 'allowed'],
  ['http://example.com:8080/hook', 'allowed'],
  ['https://example.com.:443/', 'allowed'],
  ['https://EXAMPLE.com/Hook', 'allowed'],
  ['https://bücher.example/', 'allowed'],
  ['https://intranet/', 'allowed'],
  ['http://1.1.1.1/', 'allowed'],
  ['http://9.255.255.255/', 'allowed'],
  ['http://11.0.0.0/', 'allowed'],
  ['http://100.63.255.255/', 'allowed'],
  ['http://100.128.0.0/', 'allowed'],
  ['http://172.15.255.255/', 'allowed'],
  ['http://172.32.0.0/', 'allowed'],
  ['http://192.167.255.255/', 'allowed'],
  ['http://198.17.255.255/', 'allowed'],
  ['http://198.20.0.0/', 'allowed'],
  ['http://223.255.255.255/', 'allowed'],
  ['http://[2606:4700:4700::1111]/', 'allowed'],
  ['http://[2a00:1450:4001:81b::200e]:8443/', 'allowed'],
  ['http://[::ffff:1.1.1.1]/', 'allowed'],
  ['http://[64:ff9b::1.1.1.1]/', 'allowed'],
  // Every IPv4 range, by its first and last address.
  ['http://0.0.0.0/', 'address'],
  ['http://0.255.255.255/', 'address'],
  ['http://10.0.0.0/', 'address'],
  ['http://10.255.255.255/', 'address'],
  ['http://100.64.0.0/', 'address'],
  ['http://100.127.255.255/', 'address'],
  ['http://127.0.0.1/', 'address'],
  ['http://127.255.255.254/', 'address'],
  ['http://169.254.0.0/', 'address'],
  ['http://169.254.169.254/latest/meta-data/', 'address'],
  ['http://172.16.0.0/', 'address'],
  ['http://172.31.255.255/', 'address'],
  ['http://192.0.0.192/', 'address'],
  ['http://192.0.2.1/', 'address'],
  ['http://192.31.196.1/', 'address'],
  ['http://192.52.193.1/', 'address'],
  ['http://192.88.99.2/', 'address'],
  ['http://192.168.0.0/', 'address'],
  ['http://192.168.255.255/', 'address'],
  ['http://192.175.48.1/', 'address'],
  ['http://198.18.0.0/', 'address'],
  ['http://198.19.255.255/', 'address'],
  ['http://198.51.100.1/', 'address'],
  ['http://203.0.113.255/', 'address'],
  ['http://224.0.0.1/', 'address'],
  ['http://239.255.255.255/', 'address'],
  ['http://240.0.0.0/', 'address'],
  ['http://255.255.255.255/', 'address'],
  ['http://168.63.129.16/', 'address'],
  // IPv6 ranges.
  ['http://[::]/', 'address'],
  ['http://[::1]/', 'address'],
  ['http://[0:0:0:0:0:0:0:1]/', 'address'],
  ['http://[100::1]/', 'address'],
  ['http://[100:0:0:1::1]/', 'address'],
  ['http://[200::1]/', 'address'],
  ['http://[1fff:ffff::1]/', 'address'],
  ['http://[2001:1::1]/', 'address'],
  ['http://[2001:2::1]/', 'address'],
  ['http://[2001:4:112::1]/', 'address'],
  ['http://[2001:10::1]/', 'address'],
  ['http://[2001:20::1]/', 'address'],
  ['http://[2001:1ff:ffff::1]/', 'address'],
  ['http://[2001:200::1]/', 'allowed'],
  ['http://[2001:db8::1]/', 'address'],
  ['http://[2620:4f:8000::1]/', 'address'],
  ['http://[3fff::1]/', 'address'],
  ['http://[4000::1]/', 'address'],
  ['http://[5f00::1]/', 'address'],
  ['http://[fc00::1]/', 'address'],
  ['http://[fd00:ec2::254]/', 'address'],
  ['http://[fe80::1]/', 'address'],
  ['http://[febf::1]/', 'address'],
  ['http://[fec0::1]/', 'address'],
  ['http://[ff02::1]/', 'address'],
  ['http://[fe80::1%25eth0]/', 'url'],
  // IPv4 inside IPv6.
  ['http://[::ffff:127.0.0.1]/', 'address'],
  ['http://[::ffff:7f00:1]/', 'address'],
  ['http://[::FFFF:A9FE:A9FE]/', 'address'],
  ['http://[::ffff:0:127.0.0.1]/', 'address'],
  ['http://[::ffff:0:1.1.1.1]/', 'address'],
  ['http://[::127.0.0.1]/', 'address'],
  ['http://[::1.1.1.1]/', 'address'],
  ['http://[64:ff9b::7f00:1]/', 'address'],
  ['http://[64:ff9b::169.254.169.254]/', 'address'],
  ['http://[64:ff9b:1::10.0.0.1]/', 'address'],
  ['http://[64:ff9b:1:a00:0:100::]/', 'address'],
  ['http://[64:ff9b:1::1.1.1.1]/', 'address'],
  ['http://[2002:7f00:1::]/', 'address'],
  ['http://[2002:a9fe:a9fe::1]/', 'address'],
  ['http://[2002:101:101::1]/', 'address'],
  ['http://[2001:0:7f00:1::fefe:fefe]/', 'address'],
  ['http://[2001:0:101:101::f5ff:fffe]/', 'address'],
  ['http://[2001:0:101:101::fefe:fefe]/', 'address'],
  // Odd spellings of 127.0.0.1 and its neighbours.
  ['http://2130706433/', 'address'],
  ['http://0x7f000001/', 'address'],
  ['http://0x7f.1/', 'address'],
  ['http://0X7F.0x0.0.0x1/', 'address'],
  ['http://017700000001/', 'address'],
  ['http://0177.0.0.1/', 'address'],
  ['http://00000000177.0.0.1/', 'address'],
  ['http://127.1/', 'address'],
  ['http://127.0.1/', 'address'],
  ['http://0/', 'address'],
  ['http://127.0.0.1./', 'address'],
  ['http://127。0。0。1/', 'address'],
  ['http://１２７.０.０.１/', 'address'],
  ['http://①②⑦.0.0.1/', 'address'],
  ['http://%31%32%37.0.0.1/', 'address'],
  ['http://127.0.0.1%2f@example.com/', 'credentials'],
  ['http://127.0.\t0.1/', 'address'],
  ['http://12\n7.0.0.1/', 'address'],
  ['  http://127.0.0.1/  ', 'address'],
  ['HTTP://127.0.0.1/', 'address'],
  ['http:127.0.0.1/', 'address'],
  ['http:/127.0.0.1/', 'address'],
  ['http:\\\\127.0.0.1\\', 'address'],
  ['http://127.0.0.1\\@example.com/', 'address'],
  ['http://example.com\\@127.0.0.1/', 'allowed'],
  ['http://example.com/@127.0.0.1', 'allowed'],
  ['http://256.0.0.1/', 'url'],
  ['http://127.0.0.1.5/', 'url'],
  ['http://4294967296/', 'url'],
  ['http://1.2.3.4.example.com/', 'allowed'],
  ['http://[::1]example.com/', 'url'],
  ['http://[127.0.0.1]/', 'url'],
  // Names that mean this machine.
  ['http://localhost/', 'host'],
  ['http://LOCALHOST:8080/', 'host'],
  ['http://localhost./', 'host'],
  ['http://app.localhost/', 'host'],
  ['http://a.b.LocalHost./', 'host'],
  ['http://localhost.localdomain/', 'host'],
  ['http://ip6-localhost/', 'host'],
  ['http://ip6-loopback/', 'host'],
  ['http://ｌocalhost/', 'host'],
  ['http://%6cocalhost/', 'host'],
  ['http://localhost.example.com/', 'allowed'],
  ['http://notlocalhost/', 'allowed'],
  // Credentials.
  ['http://good@127.0.0.1/', 'credentials'],
  ['https://user:secret@example.com/', 'credentials'],
  ['https://user@example.com/', 'credentials'],
  ['https://:secret@example.com/', 'credentials'],
  ['https://example.com:443@evil.example/', 'credentials'],
  ['https://@example.com/', 'allowed'],
  // Schemes, and things that are no URL.
  ['ftp://example.com/', 'scheme'],
  ['file:///etc/passwd', 'scheme'],
  ['gopher://127.0.0.1:6379/_INFO', 'scheme'],
  ['javascript:alert(1)', 'scheme'],
  ['data:text/plain,x', 'scheme'],
  ['ws://example.com/', 'scheme'],
  ['unix:/var/run/docker.sock', 'scheme'],
  ['', 'url'],
  ['example.com/hook', 'url'],
  ['//example.com/hook', 'url'],
  ['https://', 'url'],
  ['https://exa mple.com/', 'url'],
  // Ports.
  ['http://example.com:0/', 'port'],
  ['http://example.com:22/', 'port'],
  ['http://example.com:25/', 'port'],
  ['http://example.com:110/', 'port'],
  ['http://example.com:143/', 'port'],
  ['http://example.com:3306/', 'port'],
  ['http://example.com:5432/', 'port'],
  ['http://example.com:6379/', 'port'],
  ['http://1.1.1.1:11211/', 'port'],
  ['http://example.com:65536/', 'url'],
  ['http://example.com:1/', 'port'],
  ['https://example.com:8443/', 'allowed'],
  ['http://example.com:65535/', 'allowed'],
]

test.each(urls)('%j: %s', (url, verdict) => {
  const permission = guard.checkUrl(url)
  expect(permission.allowed ? 'allowed' : permission.reason).toBe(verdict)
})

test('the table has no case twice', () => {
  expect(new Set(urls.map(([url]) => url)).size).toBe(urls.length)
})

test.each<[string, string[], boolean]>([
  ['http://10.1.2.3/', ['10.1.0.0/16'], true],
  ['http://10.2.2.3/', ['10.1.0.0/16'], false],
  ['http://10.1.2.3:6379/', ['10.1.0.0/16'], true],
  ['http://10.1.2.3:0/', ['10.1.0.0/16'], false],
  ['http://127.0.0.1/', ['127.0.0.1'], true],
  ['http://127.0.0.2/', ['127.0.0.1'], false],
  ['http://localhost/', ['127.0.0.1'], true],
  ['http://localhost/', ['::1'], true],
  ['http://localhost/', ['10.0.0.0/8'], false],
  ['http://[::1]/', ['127.0.0.0/8'], false],
  ['http://[::ffff:10.1.2.3]/', ['10.1.0.0/16'], true],
  ['http://[64:ff9b::10.1.2.3]/', ['10.1.0.0/16'], true],
  ['http://[64:ff9b:1::10.1.2.3]/', ['10.1.0.0/16'], true],
  ['http://[64:ff9b:1:a01:2:300::]/', ['10.1.0.0/16'], true],
  ['http://[64:ff9b:1::10.1.2.3]/', ['64:ff9b:1::/48'], true],
  ['http://[::10.1.2.3]/', ['10.1.0.0/16'], true],
  ['http://[2002:a01:203::]/', ['10.1.0.0/16'], true],
  ['http://[2002:a02:203::]/', ['10.1.0.0/16'], false],
  // Teredo: server 1.1.1.1, client 10.1.2.3; then server 10.2.2.3, which is not listed.
  ['http://[2001:0:101:101::f5fe:fdfc]/', ['10.1.0.0/16'], true],
  ['http://[2001:0:a02:203::f5fe:fdfc]/', ['10.1.0.0/16'], false],
  ['http://[fd12::1]/', ['fd00::/8'], true],
  ['http://[fc12::1]/', ['fd00::/8'], false],
  ['http://[fd12::1]/', ['10.0.0.0/8', ' fd12::/64 '], true],
  ['http://[fd12::1]/', ['0.0.0.0/0'], false],
  ['http://224.0.0.1/', ['0.0.0.0/0'], true],
  ['http://good@10.1.2.3/', ['10.1.0.0/16'], false],
  ['ftp://10.1.2.3/', ['10.1.0.0/16'], false],
])('%s with %j permitted: %s', (url, allowSubnets, expected) => {
  expect(createGuard({ allowSubnets, httpsOnly: false }).checkUrl(url).allowed).toBe(expected)
})

test('https-only refuses http, also on a permitted network', () => {
  const strict = createGuard({ allowSubnets: ['10.0.0.0/8'], httpsOnly: true })
  expect(strict.checkUrl('http://10.1.2.3/')).toMatchObject({ allowed: false, reason: 'scheme' })
  expect(strict.checkUrl('http://example.com/')).toMatchObject({ allowed: false, reason: 'scheme' })
  expect(strict.checkUrl('https://10.1.2.3/')).toEqual({ allowed: true })
})

test.each([
  ['10.1.2.3', '10.1.2.3 is a private address (RFC 1918)'],
  [
    '::ffff:127.0.0.1',
    '::ffff:7f00:1 is an IPv4-mapped address that leads to 127.0.0.1, a loopback',
  ],
  ['2002:101:101::1', '2002:101:101::1 is a 6to4 address;'],
  ['2001:0:a00:1::fefe:fefe', 'leads to 10.0.0.1, a private address'],
])('the refusal of %s says what it is and how to permit it', (address, words) => {
  const permission = guard.checkAddress(address)
  expect(permission).toMatchObject({ allowed: false, reason: 'address' })
  expect(permission).toHaveProperty('detail', expect.stringContaining(words))
  expect(permission).toHaveProperty(
    'detail',
    expect.stringMatching(/; add its network to POMBO_ALLOW_SUBNETS to permit it$/),
  )
})

test.each(['127.1', '0x7f.0.0.1', '0177.0.0.1', 'example.com', '', 'fe80::1%eth0', '1.1.1.1%1'])(
  'only a plain, canonical address passes as one: %j',
  (address) => {
    expect(guard.checkAddress(address)).toMatchObject({ allowed: false, reason: 'address' })
  },
)

test.each([
  '10.0.0.0/33',
  '10/8',
  'fd00::/129',
  'example.com',
  '',
  '10.0.0.0/8/8',
  '10.0.0.0/-1',
  'fe80::1%lo/64',
])('a network that is none is refused by name: %j', (text) => {
  expect(() => parseSubnet(text)).toThrow(`"${text}" is not a network`)
})

const answering =
  (...addresses: string[]): Lookup =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

test('of the addresses of a name only the permitted ones are used, in their order', async () => {
  const lookup = answering('10.0.0.1', '1.1.1.1', 'fe80::1%eth0', '::1', '2606:4700::1111')
  const mixed = createGuard({ allowSubnets: [], httpsOnly: false, lookup })
  expect(await mixed.resolve('mixed.example', 443)).toEqual({
    allowed: true,
    addresses: [
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ],
  })
})

test('a name with no permitted address is refused, and the refusal names both', async () => {
  const lookup = answering('192.168.1.9', '::1')
  const inside = createGuard({ allowSubnets: [], httpsOnly: false, lookup })
  const resolution = await inside.resolve('inside.example', 443)
  expect(resolution).toEqual({
    allowed: false,
    reason: 'address',
    detail:
      'inside.example resolves to a refused address: 192.168.1.9 is a private address (RFC 1918); ' +
      'add its network to POMBO_ALLOW_SUBNETS to permit it',
  })
})

test('every resolution is judged anew, so that a name cannot change its mind', async () => {
  const answers = ['1.1.1.1', '127.0.0.1']
  const lookup: Lookup = async () => [{ address: answers.shift()!, family: 4 }]
  const rebound = createGuard({ allowSubnets: [], httpsOnly: false, lookup })
  expect(rebound.checkUrl('http://rebind.example/')).toEqual({ allowed: true })
  expect(await rebound.resolve('rebind.example', 80)).toMatchObject({ allowed: true })
  expect(await rebound.resolve('rebind.example', 80)).toMatchObject({ reason: 'address' })
})

test('a literal address is judged at connect time too, though no DNS is asked', async () => {
  const lookup: Lookup = () => Promise.reject(new Error('asked'))
  const literal = createGuard({ allowSubnets: [], httpsOnly: false, lookup })
  expect(await literal.resolve('127.0.0.1', 80)).toMatchObject({ allowed: false })
  expect(await literal.resolve('::1', 80)).toMatchObject({ allowed: false })
  expect(await literal.resolve('[::1]', 80)).toMatchObject({ allowed: false })
  expect(await literal.resolve('1.1.1.1', 80)).toMatchObject({ allowed: true })
})

test('a port of another protocol waits for the address when networks are permitted', async () => {
  const options = { allowSubnets: ['10.0.0.0/8'], httpsOnly: false }
  expect(createGuard(options).checkUrl('http://cache.example:6379/')).toEqual({ allowed: true })
  const inside = createGuard({ ...options, lookup: answering('10.0.0.7') })
  const outside = createGuard({ ...options, lookup: answering('1.1.1.1') })
  expect(await inside.resolve('cache.example', 6379)).toMatchObject({ allowed: true })
  expect(await outside.resolve('cache.example', 6379)).toMatchObject({ reason: 'port' })
})

test('a DNS failure is passed on as it is', async () => {
  const failure = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  const lookup: Lookup = () => Promise.reject(failure)
  const lost = createGuard({ allowSubnets: [], httpsOnly: false, lookup })
  await expect(lost.resolve('lost.example', 443)).rejects.toBe(failure)
  const empty = createGuard({ allowSubnets: [], httpsOnly: false, lookup: async () => [] })
  await expect(empty.resolve('empty.example', 443)).rejects.toMatchObject({ code: 'ENODATA' })
})
