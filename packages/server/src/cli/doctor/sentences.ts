/**
 * What the doctor says of a running Pombo, by code: programs that say it in another language, as the dashboard does,
 * go by the code and the values that stand in braces. What only a start needs is said in findings without one.
 */
export const sentences = {
  node: { detail: '{version}' },
  node_old: {
    detail: '{version}',
    mend: 'Pombo needs Node 24 or later. In a checkout "npm ci" installs it; start Pombo by "npm start".',
  },
  guard_open: {
    detail: '{ranges} lets endpoints have any address',
    mend:
      'Whoever may create an endpoint reaches all of your network. List only the ranges ' +
      'that receivers are in, in POMBO_ALLOW_SUBNETS.',
  },
  guard_metadata: {
    detail: '{ranges} holds the metadata services of clouds',
    mend:
      'Whoever may create an endpoint can read the credentials of the machine there. Take ' +
      'it out of POMBO_ALLOW_SUBNETS.',
  },
  guard_public: { detail: 'endpoints may have public addresses only' },
  guard_listed: { detail: 'besides public addresses, endpoints may have {ranges}' },
  https_off: {
    detail: 'in production, http: endpoints are let through',
    mend:
      'Payloads and signatures travel in the clear. Set POMBO_HTTPS_ONLY=true unless they stay in your own ' +
      'network.',
  },
  metrics_open: {
    detail: 'whoever reaches {address} may read /metrics',
    mend: 'Set POMBO_METRICS_TOKEN, or keep that address inside.',
  },
  dns: { detail: '{name} is {address} ({ms} ms)' },
  dns_slow: {
    detail: '{name} took {ms} ms to resolve',
    mend: 'Every new connection waits for this. A resolver nearby, or a cache, helps.',
  },
  dns_away: {
    detail: '{reason}',
    mend:
      'Endpoints with names cannot be reached until this machine can resolve them ' +
      '(/etc/resolv.conf). Without Internet that is expected.',
  },
  server: { detail: 'PostgreSQL {version}, database {database} as {user}' },
  server_old: {
    detail: 'PostgreSQL {version}, database {database} as {user}',
    mend: 'Pombo needs PostgreSQL 15 or later: upgrade it.',
  },
  clock_same: { detail: "the database's clock is the same" },
  clock_ahead: {
    detail: "the database's clock is {seconds} s ahead",
    mend:
      'Let both machines keep time with NTP. Signed timestamps follow the database, and ' +
      'receivers refuse those more than 5 minutes off.',
  },
  clock_behind: {
    detail: "the database's clock is {seconds} s behind",
    mend:
      'Let both machines keep time with NTP. Signed timestamps follow the database, and ' +
      'receivers refuse those more than 5 minutes off.',
  },
  durability: { detail: '{settings}' },
  durability_power: {
    detail: '{settings}',
    mend: 'Set fsync = on and full_page_writes = on: without them a power cut can destroy the database.',
  },
  durability_commit: {
    detail: '{settings}',
    mend:
      'Set synchronous_commit = on for this database or role (alter role … set ' +
      'synchronous_commit = on): an answer of 202 promises that the message is on disk.',
  },
  encoding: {
    detail: 'the database stores {encoding}',
    mend: 'Make a database with encoding UTF8: payloads are Unicode.',
  },
  autovacuum_off: {
    detail: 'it is off, so that the table of open work grows for ever',
    mend: 'Set autovacuum = on.',
  },
  writing: { detail: '{user} may write and create tables' },
  writing_standby: {
    detail: 'the server is a standby',
    mend: 'Let DATABASE_URL name the primary (with several hosts: target_session_attrs=read-write).',
  },
  writing_read_only: {
    detail: 'transactions are read-only by default',
    mend: 'Remove default_transaction_read_only from the server, the database or the role {user}.',
  },
  writing_no_rights: {
    detail: '{user} may not create tables in the schema',
    mend:
      'Grant it (grant create, usage on schema public to "{user}"): migrations and the partition of each day ' +
      'need it.',
  },
  connections: { detail: '{open} open of {most}; this configuration opens up to {wanted}' },
  connections_too_many: {
    detail: '{open} open of {most}; this configuration opens up to {wanted}',
    mend: 'Lower POMBO_DATABASE_CONNECTIONS (it is per process), or raise max_connections.',
  },
  connections_one_node: {
    detail: '{open} open of {most}; this configuration opens up to {wanted}',
    mend: 'Two nodes like this one do not fit. Lower POMBO_DATABASE_CONNECTIONS, or raise max_connections.',
  },
  pooler: {
    detail:
      'a pooler hands out the connection for one transaction at a time: each sets its own limits',
  },
  pooler_none: { detail: 'connections keep their session' },
  schema: { detail: 'version {version}' },
  schema_none: {
    detail: 'none yet; the first "pombo serve" or "pombo migrate" makes version {known}',
  },
  schema_older: {
    detail: 'version {version}; this Pombo brings {known}',
    mend: 'It is brought up to date at the next "pombo serve" or "pombo migrate".',
  },
  schema_newer: {
    detail: "version {version}, newer than this Pombo's {known}, which it serves",
    mend: 'Nothing while an upgrade is under way; then upgrade this node, too.',
  },
  schema_too_new: {
    detail:
      'version {version}, which serves a Pombo that knows version {from} or later; this one knows {known}',
    mend: 'Start the newer Pombo that made it, or restore a backup from before the upgrade.',
  },
  tables_forbidden: {
    detail: '{user} may not use {tables}',
    mend: 'Grant it: grant select, insert, update, delete on all tables in schema public to "{user}".',
  },
  nodes: { detail: '{count} running: {nodes}' },
  nodes_none: { detail: 'none is running' },
  partitions: { detail: '{count}, made for today and tomorrow' },
  partitions_later: { detail: 'those of today and tomorrow are made at the next start' },
  partitions_missing: {
    detail: 'missing: {missing}',
    mend:
      'A running node should have made them; its log says why it could not. Until then ' +
      'messages of that day cannot be stored.',
  },
  keys_none_yet: { detail: 'none yet; made at the first start' },
  keys_none: {
    detail: '{total} values are encrypted and there is no key',
    mend: 'Set POMBO_ENCRYPTION_KEYS to the keys that the other nodes have.',
  },
  keys_lost: {
    detail: '{count} of {total} values are encrypted with a key that is not in the ring',
    mend:
      'Add the missing key at the end of POMBO_ENCRYPTION_KEYS (or restore the file ' +
      'encryption-keys of the data folder).',
  },
  keys: { detail: '{count} in {where}; they open all {total} values' },
  keys_old: {
    detail:
      '{count} in {where}; they open all {total} values, {old} of them still under an older key',
  },
  queue: { detail: '{dead} dead rows in the table of open work' },
  queue_held: {
    detail:
      '{dead} dead rows in the table of open work; none can be cleaned since the transaction of process ' +
      '{pid} ({name}) began, {age} ago',
    mend: 'End it: select pg_terminate_backend({pid}). A long report or a dump belongs on a standby.',
  },
  queue_dead: {
    detail: '{dead} dead rows in the table of open work',
    mend:
      'A Pombo that runs cleans it every ten seconds, if its role owns the tables. Replication slots that nobody ' +
      'reads and prepared transactions keep it from that (pg_replication_slots, pg_prepared_xacts). ' +
      'By hand: vacuum work.',
  },
  broker_read: { detail: 'the one that feeds a source is read' },
  brokers_read: { detail: '{count} are read' },
  broker_trouble: {
    detail: 'source {name} ({id}) is {state} at {node} since {since}: {reason}',
    mend: 'Mend the broker, or give the source other settings (PATCH its broker); what waits there is read then.',
  },
  destination_works: { detail: 'the one there is works' },
  destinations_work: { detail: '{count} work' },
  destination_trouble: {
    detail: 'endpoint {id} ({address}) fails since {since}: {reason}',
    mend: 'Mend the other side, or give the endpoint another destination (PATCH it); what waits goes out then.',
  },
  replication: { detail: '{standbys}' },
  replication_none_asked: {
    detail: '{standbys}; none has to have a commit before it is answered',
    mend: "Set synchronous_standby_names, or a primary that dies takes the last answers' messages with it.",
  },
  replication_no_wait: {
    detail: '{standbys}; synchronous_commit={commit} does not wait for them',
    mend: 'Set synchronous_commit = on for this database or role.',
  },
  replication_waits: {
    detail:
      'no standby is connected, and synchronous_standby_names is "{names}": commits wait until one is',
    mend: 'Start the standby, or take its name out of synchronous_standby_names.',
  },
  replica: { detail: '{where} is {ms} ms behind at most' },
  replica_unused: {
    detail: '{where} is not used: {reason}',
    mend:
      'Until it is mended, lists and statistics are read from the primary. See POMBO_READ_DATABASE_URL and ' +
      'POMBO_READ_MAX_LAG_MS.',
  },
} as const satisfies Record<string, { detail: string; mend?: string }>

export type FindingCode = keyof typeof sentences
