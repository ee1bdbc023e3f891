import { BlockList, isIP } from 'node:net'

/** Whose `X-Forwarded-For` counts. Whoever connects to a socket is a proxy of this machine, and has no address. */
export function trustOf(
  proxies: readonly string[],
  onSocket: boolean,
): string[] | false | ((address: string | undefined) => boolean) {
  if (!onSocket) return proxies.length > 0 && [...proxies]
  const ranges = new BlockList()
  for (const range of proxies) {
    const [address, prefix] = range.split('/') as [string, string]
    ranges.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return (address) =>
    address === undefined || ranges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
