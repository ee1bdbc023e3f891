const afterwards = 'rotate again when one of them has expired, or with gracePeriodSeconds 0'

/** What a refusal of the catalogue says in its `{detail}`. */
export const refusalSentences = {
  endpoint_deleted: 'The endpoint was deleted, and its request cannot be made again.',
  no_request: 'There was no request: {problem}',
  delivery_not_open: 'This delivery is not open, or it is being sent at this moment.',
  task_over: 'Background task "{id}" is over already: it has {status}.',
  event_id_taken: 'A message with eventId "{id}" was accepted already.',
  event_taken: 'This event was accepted already.',
  secrets_enough: `This endpoint signs with {count} secrets already; ${afterwards}.`,
  role_short: 'its role is "{held}", and this takes "{needed}".',
  one_app_only: 'it reaches one app only, and this path is for the keys of the whole account.',
  one_app_source: 'it reaches one app only, and sessions: "any" would reach all.',
  operator_only: "this path is for the operator's keys, those of the first tenant.",
  send_only: 'it may only send messages.',
  poll_only: 'it may only read its polling endpoint.',
  no_session: 'A key was presented, and no session: there is nothing to sign out of.',
  header_missing: 'The Authorization header is missing.',
  header_not_bearer: 'The Authorization header does not read "Bearer <key>".',
  other_origin: 'it comes from a page of another origin',
  origin_is: 'its origin is {origin}',
  csrf_missing:
    'a request by cookie that changes something carries {header}, as GET /api/v1/auth/session gives it',
  app_uid_taken: 'Another application of this tenant has this uid already.',
  poller_uid_taken: 'Another polling endpoint of this application has this uid already.',
  endpoint_uid_taken: 'Another endpoint of this application has this uid already.',
  source_name_taken:
    'Another source of this application has this name already; give it one of its own.',
  event_type_taken: 'There is an event type "{name}" already.',
  operator_stays: 'The first tenant is the operator; it is not deleted.',
  messages_wait: '{count} messages wait to be written.',
  database_slow: 'The database is reached too slowly.',
  consumers_enough: '{count} consumers are connected to this node.',
  viewers_enough: '{count} watch at this node.',
  stopping: 'This node is stopping.',
} as const
