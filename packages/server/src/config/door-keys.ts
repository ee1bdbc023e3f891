import { optionalSetting, setting, type SettingGroup } from '../core/setting.ts'
import { cidr, kind, list, text } from '../core/setting-kinds.ts'

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
  basePath: setting('POMBO_BASE_PATH', basePath(), {
    default: '',
    defaultNote: 'none: at the root of its address',
    description:
      'Path below which Pombo is reached, as `/pombo` behind a proxy that serves other things too: pages, API, links ' +
      'and cookies are then below it. Requests may come with it, or without it where the proxy takes it away.',
  }),
  socketMode: setting('POMBO_SOCKET_MODE', socketMode(), {
    default: '660',
    description: 'Rights of the Unix socket that POMBO_LISTEN names: who may connect.',
  }),
  corsOrigins: setting('POMBO_CORS_ORIGINS', list(origin()), {
    default: '',
    defaultNote: 'none',
    live: true,
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

function basePath() {
  return kind('a path that begins with / and does not end with it', '/pombo', (given) =>
    /^(\/(?!\.\.?(\/|$))[\w.~-]+)*$/.test(given)
      ? { value: given }
      : { problem: 'it is no such path of letters, digits, ".", "_", "~" and "-"' },
  )
}

function socketMode() {
  return kind(
    'rights in octal, such as 600, 660 or 666',
    '660',
    (given) =>
      /^0?[0-7]{3}$/.test(given)
        ? { value: Number.parseInt(given, 8) }
        : { problem: 'it is not three digits from 0 to 7' },
    (mode) => mode.toString(8).padStart(3, '0'),
    { type: ['string', 'integer'] },
  )
}

/** A certificate without its key is none. */
export function tlsProblem({
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

/** Links and pages need an address that others know, which a socket has not. */
export function placeProblem({
  listen,
  serverUrl,
  basePath: below = '',
}: {
  listen?: object
  serverUrl?: string
  basePath?: string
}): string | undefined {
  if (listen !== undefined && 'socket' in listen && serverUrl === undefined)
    return (
      'POMBO_LISTEN is a socket and POMBO_SERVER_URL is not set; set the URL under which the proxy before it is ' +
      'reached, such as POMBO_SERVER_URL=https://pombo.example.com'
    )
  if (serverUrl === undefined || below === '') return undefined
  const { pathname } = new URL(serverUrl)
  if (pathname === '/' || pathname.endsWith(below)) return undefined
  return (
    `POMBO_SERVER_URL ends with ${pathname} and POMBO_BASE_PATH is ${below}; leave the path out of POMBO_SERVER_URL, ` +
    'or make both the same.'
  )
}
