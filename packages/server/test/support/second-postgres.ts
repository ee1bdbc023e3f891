// What runs on the second PostgreSQL too. Every statement of Pombo's own is to run on both majors, and most tests ask
// what others ask as well. Chosen by whole files, all the long ones were needed, each for a statement or two; chosen by
// test it takes about half the CPU of the 62 files that ran there before, and asks 26 kinds of statements more than
// they did (487 of 495 when it was recorded; the rest are asked by tests that bring servers of their own, or were added
// since, but for a probe of a circuit that finds nothing to send, which is chance in any file). `npm run both-postgres`
// records what each test asks and says what is missing.

/** About PostgreSQL itself: partitions, poolers, plans, the form of arrays, upgrades, copies, and when it is away. */
const aboutPostgres = [
  'backup',
  'binary-arrays',
  'database-gone',
  'held-horizon',
  'one-history-row-upgrade',
  'partitions',
  'pgbouncer',
  'plans',
  'postgres-source',
  'retention',
  'search-path',
  'tenant-placement',
]

/**
 * The rest of the statements, by the tests that ask them for the fewest seconds; a part of a test's name will do.
 * `['']` is all of a file.
 */
const restOfStatements: Record<string, string[]> = {
  'api-attempts': [
    'can be read one by one, and lose what was answered',
    'a message can be resent, also where it was delivered',
    'once each, in order, there and back, by the last delivery of each',
  ],
  'api-endpoints': [
    'a circuit opened by hand holds deliveries back until it is closed, and both are told once',
    'lists go forwards and back by name, also with a name that begins with a dash',
  ],
  'attempt-filters': [
    'every filter of an endpoint’s attempts, alone and together, finds what it says, newest first',
    'pages by iterator, forwards and back, hold each attempt once, whatever the filter',
  ],
  'broker-sources': [
    'what cannot be read is set aside with the reason, and holds up nobody',
    'a source is read from its creation, otherwise after a change, and no longer after its deletion',
  ],
  'client-shapes': [
    'metadata of null is none',
    'a slash at the end of a path changes nothing, with a query and without',
  ],
  'cloud-environment': [
    'an environment that is deleted takes its keys, applications and sources along; the first one stays',
  ],
  'cloud-leases': [
    'setting the place back ends the lease; offsets given out before change nothing any more',
  ],
  'cloud-messages': [
    'a broadcast reaches every application of the tenant once, and no other tenant',
    'an exported document reads back as it was, also from YAML',
    'deliveries are counted by application, messages by type, attempts over time; of one tenant alone',
  ],
  'cloud-methods': [
    'an endpoint gets the messages of before it was made that it would take now, once, and no others',
    'payloads of named messages are deleted, and each answer says which were there',
    "an app's payloads are all deleted at once, and no other app's",
    'the health says how its parts stand, where that is asked for',
  ],
  'cloud-pollers': [
    'polling endpoints are listed, changed and deleted; a filter that cannot be read is refused',
    'a message token sends to its application and can do nothing else',
    "an integration's key reaches its application, is shown again, rotated, and ends with it",
    'tokens of an application end after a time, or those of some sessions alone',
  ],
  'compliance-payloads': [
    'another tenant’s are stored as they come, and what was there before stays as it was',
    'a payload’s file is sealed with it, comes back to the byte, and is sealed anew under a new key',
  ],
  'compliance-privacy': [
    'an answer to somebody else’s message that names the person is erased, the message stays',
    'of WhatsApp’s events chat and sender are indexed without a path; names, images, files go with them',
    'the audit log, tasks and devices’ words lose only what names the person; what people set is told',
  ],
  'dashboard-api': [
    'finds by an id exactly, and by text within payloads, whatever characters it is of',
  ],
  'database-loss': [
    'an attempt whose record was committed and the answer lost is recorded and counted once',
  ],
  'destination-guide': [
    'each destination is made as the page shows, and what is sent arrives there',
  ],
  destinations: [
    'the payload arrives to the letter, with a valid signature and all that a consumer sorts by',
    'one that hangs times out, holds up nobody, and gets its messages when it answers',
  ],
  'dialect-agentes': ['an endpoint is created, listed, read, changed and deleted'],
  'dialect-agentes-n8n': ['a workflow that is inactive in n8n answers 404, and is tried again'],
  'dialect-device-status': [
    'the document’s update sets another URL and another secret on the device that the header names',
  ],
  'dialect-device-status-websocket': [
    'a gateway at another address is followed, none no more; its password is Basic, shown to nobody',
  ],
  'dialect-evolution-monitoring': [''], // each test goes on where the one before ended
  'dialect-host': ['notes are kept by tenant, dialect and key'],
  'dialect-whatsmeow': [
    'what a disabled webhook, or one that did not subscribe, would have got is recorded with the reason',
  ],
  'dialect-zaphub': ['the audit of a category finds what lies behind many events of another'],
  failures: [
    'are grouped by endpoint and cause, with how many, since when and one to look at',
    'can be canceled on its way',
    'a token sees and touches its own app alone; another tenant nothing; who only reads touches nothing',
  ],
  'ingest-changes': ['a deletion by a contact is in the contact’s chat'],
  'ingest-counts': ['is raised by upkeep, once however many nodes there are'],
  'ingest-profiles': ['a picture that is removed is forgotten, on every node in time'],
  'pollers-push': [
    'when the token is rotated or the polling endpoint deleted, both are told and closed',
  ],
  'postgres-source-restart': [
    "the source's server may stop and start: reading goes on, nothing is lost or doubled",
  ],
  'privacy-guide': [''],
  'queue-vacuum': [
    'while a long transaction keeps what is gone, it is tried ever more seldom, and as soon as it ended',
  ],
  'registry-apps': [
    'a list is walked page by page in both directions, without the operational app',
  ],
  'registry-endpoints': ['a list is walked page by page in both directions'],
  'registry-event-types': [
    'PUT makes or sets all, PATCH changes what it names, expunging removes',
    'the list goes by name, in both directions, with the archived only when asked for',
  ],
  'registry-keys': [
    'POMBO_API_KEY is the first key, a changed one is added, a revoked one counts again after a start',
  ],
  replay: ['is refused with what is wrong with it'],
  'replay-jobs': [
    'a job that can never go on has failed, and says why; the tenant is told of both ends',
  ],
  sealing: [
    'after a new key joins, everything is sealed under it while nodes go on, and the old key can go',
  ],
  'secrets-stay-hidden': [
    'without administering one sees headers’ names and where endpoints lead, and nothing that opens',
  ],
  sessions: [
    'when its person signs out, on every node',
    'looks as its operator says; what is no colour, address or origin is refused by name',
  ],
  'shared-rate': ['the document’s GLOBAL_QUEUE_ENABLED and GLOBAL_QUEUE_RATE_LIMIT switch it on'],
  stream: [
    'nothing is kept, and nothing left for others, while nobody watches',
    'what another node accepts and delivers is told too',
    'it ends with the key, and with a wrong word it does not begin',
  ],
  'telemetry-collector': ['a collector that refuses is named with its answer'],
  templates: ['the database sink writes a row a message into the table that its own set-up makes'],
  traffic: [
    'grouped, each endpoint and each event type has a series of its own',
    'minutes, hours and days are forgotten each after its time',
  ],
}

/** By a file's name without `.test.ts`, parts of the names of its tests that run there; undefined: none. */
export function testsOnSecondPostgres(file: string): string[] | undefined {
  return aboutPostgres.includes(file) ? [''] : restOfStatements[file]
}
