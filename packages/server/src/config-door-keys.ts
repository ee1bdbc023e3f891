import { optionalSetting, setting, type SettingGroup } from './core/setting.ts'
import { cidr, kind, list, text } from './core/setting-kinds.ts'

/** How requests reach Pombo: encrypted, through proxies, from pages of other origins. */
export const doorKeys = {
  tlsCert: optionalSetting('POMBO_TLS_CERT', text('a path', '/etc/pombo/tls/tls.crt'), {
    defaultNote: 'HTTP without encryption, as behind a proxy',
    description:
      'File of the certificate to serve HTTPS with, PEM, with those that lead to its root. Read again when it ' +
      'changes, as a renewal does: new connections get the new one within 10 s.',
  }),
  tlsKey: optionalSetting('POMBO_TLS_KEY', text('a path', '/etc/pombo/tls/tls.key'), {
    description: "File of the certificate's private key, PEM. Goes with POMBO_TLS_CERT.",
  }),
  trustedProxies: setting('POMBO_TRUSTED_PROXIES', list(cidr()), {
    default: '',
    defaultNote: 'none',
    description:
      'Addresses of the proxies in front, whose `X-Forwarded-For` counts: the limit of failed sign-ins is for each ' +
      'address. Of others the header is not believed.',
  }),
  corsOrigins: setting('POMBO_CORS_ORIGINS', list(origin()), {
    default: '',
    defaultNote: 'none',
    description:
      'Origins whose pages may call the API from the browser, with a token in the Authorization header; never by ' +
      'cookie.',
  }),
} satisfies SettingGroup

function origin() {
  return kind(
    'an origin: scheme, host and port, without a path',
    'https://app.example.com',
    (given) => {
      const parsed = URL.canParse(given) ? new URL(given) : undefined
      if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol))
        return { problem: 'it is not the origin of a page' }
      if (parsed.origin !== given)
        return { problem: `it is not written as browsers do, who say ${parsed.origin}` }
      return { value: given }
    },
  )
}

/** A certificate without its key is none. */
export function doorProblem({
  tlsCert,
  tlsKey,
}: {
  tlsCert?: string
  tlsKey?: string
}): string | undefined {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return undefined
  const [set, unset] =
    tlsKey === undefined ? ['POMBO_TLS_CERT', 'POMBO_TLS_KEY'] : ['POMBO_TLS_KEY', 'POMBO_TLS_CERT']
  return `${set} is set and ${unset} is not; HTTPS needs both.`
}
