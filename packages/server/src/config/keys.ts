import { signatureHeaderNames } from '../core/endpoint.ts'
import { readKey } from '../db/seal.ts'
import { optionalSetting, setting, type SettingGroup } from '../core/setting.ts'
import {
  boolean,
  cidr,
  duration,
  integer,
  kind,
  list,
  listenPlace,
  oneOf,
  text,
  url,
} from '../core/setting-kinds.ts'
import { databaseUrlKind } from '../core/database-url.ts'
import { withoutPassword } from '../core/masked-url.ts'
import { doorKeys } from './door-keys.ts'
import { replicaKeys } from './replica-keys.ts'
import { endpointKeys } from './endpoint-keys.ts'
import { egressKeys } from './egress-keys.ts'
import { otelKeys } from './otel-keys.ts'
import { dialectSettings } from '../dialects/settings.ts'
import { outboxKeys } from '../sources/postgres/settings.ts'
import { redisKeys } from '../sources/redis/settings.ts'

/**
 * Every variable that configures Pombo, each once. A new one is one entry here; a dialect's own are a group in
 * its folder, taken up in `dialectGroups`. What reads, checks, prints and documents them (config.ts, `pombo
 * config`, docs/reference/configuration.md) follows.
 */
export const serverKeys = {
  listen: setting('POMBO_LISTEN', listenPlace(), {
    default: '127.0.0.1:8071',
    description:
      'Address to listen on, or the path of a Unix socket (`unix:/run/pombo/pombo.sock`) for a proxy on the same ' +
      'machine. Reachable from this machine only, unless it is changed.',
  }),
  serverUrl: optionalSetting(
    'POMBO_SERVER_URL',
    url(['http:', 'https:'], 'https://pombo.example.com'),
    {
      defaultNote: 'made from the address listened on',
      description:
        'The URL under which others reach this Pombo, as in envelopes that name their server. ' +
        'Also the server that `pombo listen` and `pombo sink --endpoint` talk to.',
    },
  ),
  processes: setting('POMBO_PROCESSES', integer(1, 64, '', '4'), {
    default: '1',
    description:
      'Processes on this machine, each a node of its own behind the same address. As many ' +
      'as there are cores is a good number.',
  }),
  maxBodyBytes: setting(
    'POMBO_MAX_BODY_BYTES',
    integer(1_024, 16 * 1_048_576, 'bytes', '4194304'),
    {
      default: '1048576',
      description: 'Largest request body; a larger one is answered 413.',
    },
  ),
  shutdownGraceMs: setting(
    'POMBO_SHUTDOWN_GRACE_MS',
    duration(0, 600_000, { bareUnit: 'ms', example: '20s' }),
    {
      default: '20s',
      live: true,
      description:
        'How long a stop waits for requests in flight. What is not finished by then is taken ' +
        'up again by another node, or at the next start, and may be sent twice.',
    },
  ),
  mode: optionalSetting(
    'NODE_ENV',
    text('any text; "production" switches on what production needs', 'production'),
    {
      description:
        'In production: logs as JSON, `http:` endpoints refused, encryption keys required beside DATABASE_URL.',
    },
  ),
} satisfies SettingGroup

export const storeKeys = {
  databaseUrl: optionalSetting('DATABASE_URL', databaseUrlKind({ writes: true }), {
    defaultNote: 'the embedded server, in POMBO_DATA_DIR',
    description:
      'The PostgreSQL (15 or later) that holds everything. Nodes that name the same one share the work. Several ' +
      'hosts, separated by commas, are a primary and its standbys: the one that takes writes is used, and after a ' +
      'failover the new one (`postgres://pombo@db1,db2/pombo`). `target_session_attrs=read-write` asks the same of ' +
      'one host, such as a floating address.',
    secret: true,
    redact: (value) => withoutPassword(value, { query: true }),
  }),
  ...replicaKeys,
  dataDir: setting('POMBO_DATA_DIR', text('a path', '/var/lib/pombo'), {
    default: './.pombo',
    description: 'Folder of the embedded server. One Pombo at a time.',
  }),
  databaseConnections: setting('POMBO_DATABASE_CONNECTIONS', integer(4, 500, '', '50'), {
    default: '20',
    description: 'Most connections that each process opens to the database.',
  }),
  retentionDays: setting('POMBO_RETENTION_DAYS', integer(1, 3_650, 'days', '90'), {
    default: '30',
    description:
      'Days that messages and attempts are kept, where the tenant does not say otherwise. ' +
      'What is still to be delivered is kept beyond that.',
  }),
} satisfies SettingGroup

export const securityKeys = {
  apiKey: optionalSetting(
    'POMBO_API_KEY',
    text('at least 16 characters without blanks', 'pombo_5yV8nQ2rT7wX4zB6', /^\S{16,}$/),
    {
      defaultNote: 'made at the first start and printed once',
      description:
        'Key of the first tenant. Also the key that `pombo listen` and `pombo sink --endpoint` present.',
      secret: true,
    },
  ),
  encryptionKeys: optionalSetting('POMBO_ENCRYPTION_KEYS', list(encryptionKey()), {
    defaultNote: 'made in POMBO_DATA_DIR; required beside DATABASE_URL in production',
    description:
      'Keys that encrypt secrets at rest, and payloads of tenants that ask for it, newest ' +
      'first. The first encrypts, all decrypt: to rotate, put a new one in front; what the ' +
      'older ones sealed is sealed anew, and the log says until when they are needed. With ' +
      'several nodes, first put the new one at the end of all of them.',
    secret: true,
  }),
  allowSubnets: setting('POMBO_ALLOW_SUBNETS', list(cidr()), {
    default: '',
    defaultNote: 'none',
    live: true,
    description:
      'Private or otherwise special addresses that endpoints may have. All others that are not public are refused.',
  }),
  httpsOnly: setting('POMBO_HTTPS_ONLY', boolean(), {
    default: ({ production }) => String(production),
    defaultNote: 'true in production, else false',
    live: true,
    description: 'Refuse `http:` endpoints.',
  }),
  signatureHeaders: setting('POMBO_SIGNATURE_HEADERS', oneOf(...signatureHeaderNames), {
    default: 'webhook',
    description:
      "Beginning of the signature headers' names (`webhook-id`, `svix-id`, or both) of endpoints that are made " +
      'from now on, where neither they nor their tenant say anything.',
  }),
} satisfies SettingGroup

export const engineKeys = {
  commitWindowMs: setting(
    'POMBO_COMMIT_WINDOW_MS',
    duration(0, 1_000, { bareUnit: 'ms', example: '3ms' }),
    {
      default: '3ms',
      description: 'How long an accepted message waits for others to be committed with.',
    },
  ),
  commitBatch: setting('POMBO_COMMIT_BATCH', integer(1, 5_000, 'messages', '1000'), {
    default: '500',
    description: 'Most messages in one commit; a full one does not wait.',
  }),
  commitBufferMessages: setting(
    'POMBO_COMMIT_BUFFER_MESSAGES',
    integer(1, 1_000_000, 'messages', '50000'),
    {
      default: '10000',
      description:
        'Most messages that wait for a commit in one process; beyond it, 503 with Retry-After.',
    },
  ),
  commitBufferBytes: setting(
    'POMBO_COMMIT_BUFFER_BYTES',
    integer(16_777_216, 4_294_967_296, 'bytes', '134217728'),
    {
      default: '67108864',
      description:
        'Most bytes of payloads that wait for a commit in one process; beyond it, 503 with Retry-After.',
    },
  ),
  cacheBytes: setting(
    'POMBO_CACHE_BYTES',
    integer(8_388_608, 4_294_967_296, 'bytes', '268435456'),
    {
      default: '67108864',
      description:
        'Most memory for apps, endpoints and keys in each process; the rest is read when it is needed. 64 MiB hold ' +
        'some 100,000 endpoints in applications of ten.',
    },
  ),
  responseCapBytes: setting('POMBO_RESPONSE_CAP_BYTES', integer(0, 1_048_576, 'bytes', '65536'), {
    default: '16384',
    description: "How much of an endpoint's answer is kept with the attempt.",
  }),
  leaseMs: setting('POMBO_LEASE_MS', duration(2_000, 600_000, { bareUnit: 'ms', example: '15s' }), {
    default: '15s',
    description:
      'After how long without a heartbeat a node counts as dead and others take over its work.',
  }),
} satisfies SettingGroup

export const observeKeys = {
  logLevel: setting(
    'POMBO_LOG_LEVEL',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    {
      default: 'info',
      live: true,
      description: 'Least important lines to log. There is one `info` line for each attempt.',
    },
  ),
  logFormat: setting('POMBO_LOG_FORMAT', oneOf('auto', 'json', 'line'), {
    default: 'auto',
    description: '`json`, or readable lines; `auto` means lines on a terminal outside production.',
  }),
  metricsToken: optionalSetting(
    'POMBO_METRICS_TOKEN',
    text('at least 16 characters without blanks', 'm_5yV8nQ2rT7wX4zB6', /^\S{16,}$/),
    {
      defaultNote: 'whoever reaches the address may read them',
      live: true,
      description: 'Bearer token that /metrics asks for.',
      secret: true,
    },
  ),
} satisfies SettingGroup

/** The engine's groups, with their titles, in the order in which they are printed. */
export const engineGroups = [
  { title: 'Server', settings: serverKeys },
  { title: 'Encryption, proxies and browsers', settings: doorKeys },
  { title: 'Storage', settings: storeKeys },
  { title: 'Security', settings: securityKeys },
  { title: 'Requests to endpoints', settings: egressKeys },
  { title: 'Endpoints that say nothing of their own', settings: endpointKeys },
  { title: 'Engine', settings: engineKeys },
  { title: 'Observability', settings: observeKeys },
  { title: 'OpenTelemetry', settings: otelKeys },
  { title: 'PostgreSQL outboxes', settings: outboxKeys },
  { title: 'Redis lists and streams', settings: redisKeys },
] as const

/** What each dialect reads, by the dialect's name; it comes out as `config.dialects.<name>`. */
export const dialectGroups = dialectSettings satisfies Record<string, SettingGroup>

function encryptionKey() {
  return kind(
    'the base64 or hex of 32 random bytes (openssl rand -base64 32)',
    'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=',
    (given) => {
      const read = readKey(given)
      return read.ok ? { value: given } : { problem: read.problem }
    },
  )
}
