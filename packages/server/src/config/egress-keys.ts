import { isIP } from 'node:net'
import { optionalSetting, setting, type SettingGroup } from '../core/setting.ts'
import { boolean, kind, list, oneOf, text, url } from '../core/setting-kinds.ts'
import { withoutPassword } from '../core/masked-url.ts'

/** How requests leave, whatever endpoint they are for. */
export const egressKeys = {
  egressProxy: optionalSetting(
    'POMBO_EGRESS_PROXY',
    url(['http:', 'https:', 'socks5:'], 'http://user:password@proxy.example.com:3128'),
    {
      defaultNote: 'straight',
      description:
        'Proxy through which everything goes to endpoints: CONNECT for `http:` and `https:`, or SOCKS5. Pombo ' +
        'resolves names and checks addresses itself, and tells the proxy the address that it has checked. The ' +
        '`HTTP_PROXY` of the environment is not read.',
      secret: true,
      redact: withoutPassword,
    },
  ),
  egressNoProxy: setting('POMBO_EGRESS_NO_PROXY', list(destination()), {
    default: '',
    defaultNote: 'none',
    description: 'What is reached without the proxy: names with all below them, addresses, ranges.',
  }),
  egressAddress: optionalSetting('POMBO_EGRESS_ADDRESS', address(), {
    defaultNote: 'whatever the system takes',
    description:
      'Address of this machine that requests leave from, for receivers that let only some in. Receivers then need an ' +
      'address of the same kind, IPv4 or IPv6.',
  }),
  egressCa: optionalSetting('POMBO_EGRESS_CA', text('a path', '/etc/pombo/ca.pem'), {
    description:
      "File of certificate authorities, PEM, that endpoints' certificates may come from, beside the usual ones.",
  }),
  egressCert: optionalSetting('POMBO_EGRESS_CERT', text('a path', '/etc/pombo/client.crt'), {
    description: 'File of the certificate that Pombo shows to endpoints that ask for one, PEM.',
  }),
  egressKey: optionalSetting('POMBO_EGRESS_KEY', text('a path', '/etc/pombo/client.key'), {
    description: 'File of its private key, PEM. Goes with POMBO_EGRESS_CERT.',
  }),
  egressHttp2: setting('POMBO_EGRESS_HTTP2', boolean(), {
    default: 'false',
    description:
      'Speak HTTP/2 to `https:` endpoints that offer it, as needed by those that speak nothing else. A request still ' +
      'has a connection to itself; HTTP/1.1 bears with more mistakes of receivers.',
  }),
  egressTlsMin: setting('POMBO_EGRESS_TLS_MIN', oneOf('1.2', '1.3'), {
    default: '1.2',
    description: 'Oldest version of TLS that an endpoint may speak.',
  }),
} satisfies SettingGroup

function address() {
  return kind('an IP address of this machine', '203.0.113.10', (given) =>
    isIP(given) === 0 ? { problem: 'it is not an IP address' } : { value: given },
  )
}

function destination() {
  return kind(
    'a name (with all below it), an address, or a range in CIDR form',
    'internal.example.com',
    (given) => {
      const [host, prefix] = given.split('/') as [string, string | undefined]
      const family = isIP(host)
      if (prefix !== undefined) {
        const isRange = /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128)
        return family !== 0 && isRange ? { value: given } : { problem: 'it is not a range' }
      }
      const isName = /^(\*?\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(given)
      return family !== 0 || isName ? { value: given } : { problem: 'it is not a name' }
    },
  )
}

export function egressProblem({
  egressCert,
  egressKey,
}: {
  egressCert?: string
  egressKey?: string
}): string | undefined {
  if ((egressCert === undefined) === (egressKey === undefined)) return undefined
  return 'POMBO_EGRESS_CERT and POMBO_EGRESS_KEY go together; only one of them is set.'
}
