import { BlockList, isIP } from 'node:net'
import { say } from '../../core/sentences/sentences.ts'

/** What is wrong with an entry of a list of addresses; undefined: nothing. */
export function addressProblem(entry: string): string | undefined {
  const [address = '', bits, ...rest] = entry.split('/')
  const version = isIP(address)
  const isNetwork =
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  return version === 0 || !isNetwork || rest.length > 0 ? say('network_form') : undefined
}

interface Listed {
  allowedIps: readonly string[] | null
}

// A source object lives as long as the cache keeps it; its list goes with it.
const lists = new WeakMap<Listed, BlockList>()

/** Whether a request may come from this address. */
export function mayComeFrom(source: Listed, address: string | null): boolean {
  if (source.allowedIps === null) return true
  if (address === null) return false
  let list = lists.get(source)
  if (!list) {
    list = new BlockList()
    for (const entry of source.allowedIps) {
      const [ip = '', bits] = entry.split('/')
      const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4'
      if (bits === undefined) list.addAddress(ip, family)
      else list.addSubnet(ip, Number(bits), family)
    }
    lists.set(source, list)
  }
  // A socket that listens on both says ::ffff:203.0.113.7.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}
