const privateForm = '"whsk_" and the base64 of 64 bytes, the Ed25519 seed and then its public key'

/** What is wrong with one field; each completes "<field>: …". */
export const fieldSentences = {
  // Of names and lists of them.
  name_characters: 'may hold only letters, digits, "-", "_" and "."',
  name_or_beginning: 'must be the name of an event type, or a beginning of names such as message.*',
  length_between: 'has {min} to {max} characters',
  one_to_visible: 'must be 1 to {max} visible ASCII characters',
  one_to_without_colon: 'must be 1 to {max} characters without a colon',
  one_to_characters: 'must be 1 to {max} characters',
  control_characters: 'may not hold line breaks or control characters',
  empty_means_all: 'must not be empty; null means all',
  empty_left_out: 'must not be empty; leave it out',
  names_twice: 'names one twice',
  no_event_type: '"{name}" is no event type',
  no_chat: '"{name}" is neither a JID nor a phone number',
  none_of: '"{name}" is none of {options}',
  one_of: 'must be one of {options}',
  entries_at_most: 'may hold at most {limit} entries',
  nests_deeper: 'may not nest deeper than {limit} levels',
  one_flag: 'may hold one flag; event types have no more',
  true_or_false: 'must be true or false',
  whole_between: 'must be a whole number from {min} to {max}',
  time_form: 'must be a time such as 2026-01-31T09:30:00Z',
  cause_form: 'must be the code of a cause, such as refused.503 or unreachable.dns',
  such_as: 'must be such as {example}',
  such_address: 'must be an address such as {example}',
  uid_alone: 'is a uid, which is unique within an app only; give {name} too',
  // Of lists that are read page by page.
  iterator_of_list: 'is not an iterator of this list; leave it out to begin at the start',
  iterator_of_export: 'is not an iterator of this export; leave it out to begin at the start',
  iterator_only_on: 'goes back, and a search only goes on',
  search_empty: 'must be given, or filter',
  app_needed: 'is needed: there are more than {limit} applications',
  // Of headers.
  header_name: '"{name}" is not a header name: 1 to 256 letters, digits and !#$%&\'*+-.^_`|~',
  no_header_name: 'is no header name',
  header_reserved: '"{name}" is set by Pombo or by HTTP itself and cannot be set here',
  header_text: 'the value of "{name}" must be text',
  header_characters:
    'the value of "{name}" holds a line break, a control character, or one beyond Latin-1',
  header_blank: 'the value of "{name}" begins or ends with a blank, which HTTP removes',
  header_long: 'the value of "{name}" is longer than {limit} characters',
  header_twice: '"{name}" is given twice; header names do not differ by case',
  headers_many: 'there are {count}, at most {limit} can be set',
  headers_long: 'together they are longer than {limit} characters',
  // Of secrets that sign.
  secret_public: `"whpk_" is a public key: it verifies but cannot sign; give the private one: ${privateForm}.`,
  secret_not_base64:
    'A signing secret is "whsec_" and the base64 of 24 to 75 random bytes; after the prefix this one is not base64.',
  secret_empty:
    'A signing secret is "whsec_" and the base64 of 24 to 75 random bytes; this one is empty.',
  secret_bytes:
    'A signing secret is "whsec_" and the base64 of 24 to 75 random bytes; this one holds {bytes} bytes.',
  secret_opaque_empty:
    'A signing secret is any non-empty text, best 32 random characters or more; this one is empty.',
  private_not_base64: `A private key is ${privateForm}; after the prefix this one is not base64.`,
  private_bytes: `A private key is ${privateForm}; this one holds {bytes} bytes.`,
  private_halves: `A private key is ${privateForm}; the two halves of this one do not belong together.`,
  secret_again: 'is a secret that this endpoint signs with already',
  secret_given: 'the dialect "{dialect}" makes no secrets of its own; give one',
  secret_by_rotation: 'is changed by POST …/secret/rotate; leave it out',
  // Of certificates and keys in PEM.
  certificate_expired: 'holds a certificate ({subject}) that expired at {at}',
  certificate_early: 'holds a certificate ({subject}) that is not valid before {at}',
  certificate_weak:
    'cannot be used: {reason}; use RSA of 2048 bits or more, or EC, signed with SHA-256',
  certificate_unusable: 'cannot be used: {reason}',
  key_passphrase: 'is encrypted with a passphrase; give it without (openssl pkey -in key.pem)',
  key_missing: 'holds no private key in PEM (-----BEGIN PRIVATE KEY-----)',
  key_unreadable: 'holds a private key that cannot be read: it is cut short or altered',
  certificates_need_tls:
    'certificates need an https: URL, or a destination by TLS; change the URL, or take tls out (null)',
  // Of how an endpoint lets Pombo in.
  auth_beside_header: 'auth and a header Authorization exclude each other; take one of them out',
  auth_for_http: "is for HTTP; who Pombo is there the destination's url says",
  scope_form:
    'holds one that is no scope: 1 to 256 visible ASCII characters without quote and backslash',
  own_parameter: 'may not hold "{name}", which Pombo sets itself',
  unnamed_parameter: '"" has an empty name',
  name_not_kept: 'is a name that cannot be kept; choose another',
  // Of JSON Schemas.
  schema_draft:
    'is no JSON Schema: names a draft that is not known; known are draft-06, draft-07, 2019-09 and 2020-12',
  schema_reference: "is no JSON Schema: can't resolve reference {reference} from id {id}",
  schema_wrong: 'is no JSON Schema: {problem}',
  payload_check_late:
    'takes too long to check against the schema of "{type}": simplify its patterns, uniqueItems or references',
  payload_unfit: 'does not fit the schema of "{type}": {problem}',
  example_index: 'the event type "{type}" has no example of this index',
  // Of the portal.
  colour_form: 'must be a colour such as #0f766e',
  https_address: 'must be an address that begins with https://',
  origin_form: 'must be an origin such as https://app.example.com, without a path',
  // Of people.
  no_person_path:
    'is no path: names joined by dots, "*" for any member, "**" for any depth, such as user.email or **.phone',
  nobody_named: 'names nobody: give userId, email, phone or keys',
  person_short: '"{text}" is too short to tell a person: it has to have 3 characters',
  // Of what is sent again or given up.
  reason_to_discard: 'is needed to discard: it is kept with each delivery',
  reason_with_discard: 'goes with discard',
  discard_open: 'may be waiting and retrying to discard: the others are closed',
  replay_closed: 'may not be waiting or retrying to replay: those are on their way',
  filter_needed: 'is needed, or deliveries: {} means all that failed',
  before_kept: 'lies before what is kept: there is nothing from before {at} ({days} days)',
  // Of charts.
  step_kept: 'is of what is kept for {days} days: give a later since, or a longer step',
  step_grouped: 'is at least 3600 where more than 6 hours are grouped',
  step_points: 'makes more than {points} points; give a longer one',
  span_alone: 'goes without since; leave one of them out',
  until_with_since: 'goes with since',
  since_before_until: 'must lie before until, and before now',
} as const
