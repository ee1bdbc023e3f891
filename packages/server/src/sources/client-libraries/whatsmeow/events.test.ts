import { expect, test } from 'vitest'
import { canonicalEvents } from '../../../whatsapp/catalogue.ts'
import type { Origin } from '../../gateway/origin.ts'
import { structName, whatsmeowEvents, whatsmeowHandlers } from './events.ts'

/** All 70 event types of whatsmeow as of 2026-08, by the names of the public lists. */
const names =
  `message fb_message undecryptable_message receipt media_retry delete_for_me joined_group group_info picture
  blocklist contact
  push_name business_name qr pair_success pair_error pair_passkey_request pair_passkey_confirmation pair_passkey_error
  qr_scanned_without_multidevice connected disconnected logged_out stream_replaced manual_login_reconnect
  keepalive_timeout keepalive_restored
  temporary_ban connect_failure client_outdated cat_refresh_error stream_error history_sync offline_sync_preview
  offline_sync_completed
  app_state app_state_sync_complete app_state_sync_error archive pin mute mark_chat_as_read clear_chat delete_chat star
  unarchive_chats_setting label_edit label_association_chat label_association_message privacy_settings
  push_name_setting user_about
  user_status_mute presence chat_presence identity_change notify_account_reachout_timelock call_offer
  call_accept call_pre_accept
  call_transport call_offer_notice call_relay_latency call_reject call_terminate unknown_call_event
  newsletter_join newsletter_leave
  newsletter_mute_change newsletter_live_update`.split(/\s+/)

const passed = ['fb_message', 'cat_refresh_error']

function origin(name: string): Origin {
  return {
    source: 'whatsmeow',
    session: 'loja',
    name,
    id: null,
    hash: null,
    receivedAtMs: 1_762_510_200_000,
    me: null,
  }
}

/** Enough of every struct's fields for any of them. */
const full = {
  Info: { Chat: '1@lid', Sender: '1@lid', ID: 'A', Timestamp: '2025-11-07T10:00:00Z' },
  Message: { conversation: 'oi' },
  Chat: '1@lid',
  Sender: '1@lid',
  MessageIDs: ['A'],
  Type: '',
  MessageID: 'A',
  ChatID: '1@lid',
  ChatJID: '1@lid',
  JID: '1@lid',
  From: '1@lid',
  CallID: 'C',
  CallCreator: '1@lid',
  LabelID: '1',
  State: 'composing',
  id: '1@newsletter',
  Codes: ['x'],
}

test('there are 70 of them', () => {
  expect(new Set(names).size).toBe(70)
})

test.each(names)('%s has a canonical form of its own, or passes through under its name', (name) => {
  const [event] = whatsmeowEvents(origin(name), full).events
  if (passed.includes(name)) expect(event?.type).toBe(`whatsapp.${name}`)
  else expect(canonicalEvents.map((one) => one.name)).toContain(event?.type)
})

test('the types that whatsmeow tells apart stay apart, so that its names can be found again from them', () => {
  const types = names
    .filter((name) => name !== 'message' && !passed.includes(name))
    .map((name) => whatsmeowEvents(origin(name), full).events[0]!.type)
  expect(types.filter((type, index) => types.indexOf(type) !== index)).toEqual([
    'label.message_associated',
  ])
})

test.each(Object.keys(whatsmeowHandlers))('%s is found in any spelling', (struct) => {
  const snake = struct
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
  expect([struct, snake, struct.toLowerCase()].map(structName)).toEqual([struct, struct, struct])
})

test.each([
  ['ReadReceipt', 'Receipt'],
  ['keepalive_timeout', 'KeepAliveTimeout'],
  ['QRCode', 'QR'],
  ['SomethingNew', 'SomethingNew'],
  ['constructor', 'constructor'],
])('%s is the struct %s', (given, struct) => {
  expect(structName(given)).toBe(struct)
})

test.each(names)('%s without any of its fields is kept, never thrown', (name) => {
  for (const data of [undefined, null, {}, [], 'x', 1])
    expect(
      whatsmeowEvents(origin(name), data).events.length +
        whatsmeowEvents(origin(name), data).skipped.length,
    ).toBeGreaterThan(0)
})
