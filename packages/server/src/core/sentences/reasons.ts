const addKey =
  'add that key after the newest (POMBO_ENCRYPTION_KEYS, or the file encryption-keys in the data folder).'
const notInRing = `which is not in the key ring; ${addKey}` as const

/** Why something is as it is: kept with deliveries and tasks as the sentence, or worked out when it is asked for. */
export const reasonSentences = {
  // Of deliveries that ended without success.
  not_sent_disabled: 'not sent: endpoint disabled',
  not_sent_disabled_long: 'not sent: endpoint disabled for more than {days} days',
  not_sent_deleted: 'not sent: endpoint deleted',
  not_sent_payload: 'not sent: the payload was deleted',
  not_sent_by_hand: 'not sent: given up by hand',
  not_sent_by_hand_because: 'not sent: given up by hand: {reason}',
  not_sent_canceled: 'not sent: canceled by hand',
  not_sent_erased: 'not sent: erased on the request of the person that it is about',
  not_sent_raw_format:
    'not sent: the payload is {type} and not JSON, which the format {dialect} needs',
  not_sent_raw_batch: 'not sent: the payload is {type} and not JSON, which a batch needs',
  not_sent_restored: 'not sent after a restore: {since}',
  status_not_retried: 'status {status} is not retried',
  gave_up: 'gave up after {attempts} attempts',
  answered_gone: 'the endpoint answered 410 Gone',
  timed_out: 'no complete answer within the deadline (waiting for {what})',
  no_answer_yet: 'no answer yet',
  not_counted_yet: 'its last attempt is not counted yet',
  failed_in_a_row: '{count} attempts in a row failed',
  // What an attempt's error tells beyond its cause; `said`: in the words of a library or of the receiver.
  redirected: 'Location: {location} (redirects are not followed: give the endpoint this URL)',
  tls_failed: 'the TLS handshake failed: {said} ({code})',
  not_http: 'the answer is not proper HTTP/1.1: {said}',
  not_http_within: 'the answer is not proper HTTP/1.1 in the middle of its {status} answer: {said}',
  unwritable: 'cannot be sent: {said}',
  token_refused: 'no token was to be had: the token URL answered {said}',
  token_late: 'no token was to be had: the token URL gave no complete answer in time',
  token_slow: 'no token was to be had: the token URL took all of the time',
  token_unreached: 'no token was to be had: of the token URL, {said}',
  token_none: 'no token was to be had: the token URL answered 2xx without an access_token in JSON',
  token_unfit: 'no token was to be had: the token URL handed out a token that no header can carry',
  token_type:
    'no token was to be had: the token URL handed out a token of another type than Bearer',
  library_missing:
    '{what} needs a client library that is not installed. Install it beside Pombo: npm install {names}',
  // … of what is kept sealed.
  sealed_key_missing: `{what} is sealed under the encryption key with id {key}, ${notInRing}`,
  sealed_altered: 'The sealed value of {what} was altered, or belongs to another row.',
  sealed_unknown_form:
    'The sealed value of {what} is not one that this Pombo can read (version {version}).',
  // Of requests and messages that a source does not take.
  verification_missing: 'the source has a secret, and no verification that says how it is used',
  secret_no_pem: "the source's secret is no public key in PEM",
  secret_no_key: "the source's secret is no public key of the sender's",
  token_expired: 'the token has expired',
  body_not_claimed: 'the claim "{claim}" is not the digest of the body',
  proof_form: '{where} is not of the form that the scheme describes',
  signed_part_missing: 'something that is signed is missing from the request',
  sent_unsaid: 'it does not say when it was sent',
  sent_no_time: 'the time that it says it was sent is no time',
  sent_ago: 'it says it was sent {seconds} s ago, and {tolerance} s are allowed',
  sent_ahead: 'it says it was sent {seconds} s from now, and {tolerance} s are allowed',
  not_json: 'it is not JSON',
  not_utf8: 'it is not UTF-8',
  taken_too_large:
    'it has {bytes} bytes, and more than {limit} are not taken (POMBO_MAX_BODY_BYTES)',
  reading_failed: 'reading it failed: {said}',
  // Of tasks.
  task_canceled: 'canceled',
  task_bug: 'Pombo could not go on; its log says why',
  task_filter: 'the payload filter cannot be used: {problem}',
  // Of expressions: what Pombo refuses.
  expression_long: 'the expression is longer than 4,096 characters',
  expression_gives: 'the expression gives {type}; it must give {wanted}',
  expression_matches:
    'matches() is not offered (a regular expression can be made to hang); use startsWith, endsWith, contains or in',
  expression_json:
    'json() is not offered in filters; it writes the whole payload out for each message',
  expression_nested:
    '{name}() inside another of its kind is not offered; its cost would grow with the square of the payload',
  expression_quadratic:
    '{part} on the payload for each element is not offered; its cost would grow with the square of the payload',
  // … what one gave of a message …
  filter_not_boolean: 'the filter did not give true or false',
  payload_not_json: 'the payload is not JSON, so that no filter on it matches',
  nothing_for_json: 'the expression gave nothing that JSON can hold',
  transformed_large: 'the transformed payload is larger than 16 MiB',
  transformation_failed: 'the transformation could not be run: {problem}',
  transformed_header: 'header {name} must be text, a number or a boolean',
  transformed_path_text: 'the path expression must give text',
  transformed_path_long: 'the path is longer than 2,000 characters',
  // … and what the library that runs CEL says most.
  cel_no_key: 'No such key: {name}',
  cel_no_overload: 'no such overload: {what}',
  cel_unknown_variable: 'Unknown variable: {name}',
  cel_unexpected_character: 'Unexpected character: {character}',
  cel_unexpected_token: 'Unexpected token: {token}',
  cel_expected: 'Expected {wanted}, got {found}',
  cel_unterminated: 'Unterminated string',
  cel_reserved: 'Reserved identifier: {name}',
  cel_division: 'division by zero',
  cel_modulo: 'modulo by zero',
  cel_overflow: 'integer overflow: {value}',
  cel_index: "List index must be int, got '{found}'",
  cel_exceeded: 'Exceeded {limit} ({most})',
} as const
