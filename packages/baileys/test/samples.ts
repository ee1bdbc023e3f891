// One of each event that Baileys can emit, as Baileys' own types want it. The compiler sees that none is missing.
import { type BaileysEventMap, proto, type WAMessage } from 'baileys'

export const person = '5511999990001@s.whatsapp.net'
export const lid = '112233445566778@lid'
export const group = '120363012345678901@g.us'

/** A message as the socket decodes it: an object of protobuf's own class, with Longs and bytes. */
export function decoded(fields: proto.IWebMessageInfo): WAMessage {
  const bytes = proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(fields)).finish()
  return proto.WebMessageInfo.decode(bytes) as WAMessage
}

export const image = decoded({
  key: { remoteJid: group, participant: lid, fromMe: false, id: 'IMG1' },
  messageTimestamp: 1_762_510_200,
  pushName: 'Maria',
  message: {
    senderKeyDistributionMessage: {
      groupId: group,
      axolotlSenderKeyDistributionMessage: new Uint8Array(40),
    },
    imageMessage: {
      url: 'https://mmg.whatsapp.net/v/x.enc',
      mediaKey: new Uint8Array([1, 2, 3]),
      fileLength: 123_456,
      caption: 'Olá',
    },
  },
})

export const ownText = (id: string, status: number): WAMessage =>
  decoded({
    key: { remoteJid: person, fromMe: true, id },
    messageTimestamp: 1_762_510_200,
    status,
    message: { conversation: `texto ${id}` },
  })

const key = { remoteJid: lid, remoteJidAlt: person, fromMe: false, id: 'M1' }
const ownGroupKey = { remoteJid: group, fromMe: true, id: 'G1' }
const lost = Object.assign(new Error('Connection Terminated'), {
  output: { statusCode: 428, payload: { message: 'Connection Terminated' } },
})

export const samples: BaileysEventMap = {
  'connection.update': {
    connection: 'close',
    lastDisconnect: { error: lost, date: new Date(1_762_510_200_000) },
  },
  'creds.update': {
    advSecretKey: 'NEVER',
    noiseKey: { private: new Uint8Array(32), public: new Uint8Array(32) },
  },
  'messaging-history.set': {
    chats: [{ id: person }],
    contacts: [{ id: person }],
    messages: [image],
    syncType: 2,
  },
  'messaging-history.status': { syncType: 2, status: 'complete', explicit: true },
  'chats.upsert': [{ id: person, unreadCount: 1, tcToken: new Uint8Array([9]) }],
  'chats.update': [{ id: person, archived: true }],
  'chats.delete': [person],
  'chats.lock': { id: person, locked: true },
  'lid-mapping.update': { lid, pn: person },
  'presence.update': { id: person, presences: { [person]: { lastKnownPresence: 'composing' } } },
  'contacts.upsert': [{ id: lid, phoneNumber: person, name: 'Maria' }],
  'contacts.update': [{ id: lid, notify: 'Maria S.', imgUrl: 'changed' }],
  'messages.upsert': { messages: [image], type: 'notify' },
  'messages.update': [
    { key, update: { message: { editedMessage: { message: { conversation: 'nova' } } } } },
  ],
  'messages.delete': { keys: [key] },
  'messages.reaction': [
    {
      key,
      reaction: { key: { ...key, id: 'R1' }, text: '👍', senderTimestampMs: 1_762_510_200_123 },
    },
  ],
  'messages.media-update': [
    { key, media: { ciphertext: new Uint8Array([7]), iv: new Uint8Array([8]) } },
  ],
  'message-receipt.update': [
    { key: ownGroupKey, receipt: { userJid: lid, receiptTimestamp: 1_762_510_201 } },
  ],
  'groups.upsert': [
    {
      id: group,
      subject: 'Vendas',
      owner: lid,
      participants: [{ id: lid, phoneNumber: person, admin: 'admin' }],
    },
  ],
  'groups.update': [{ id: group, subject: 'Vendas 2' }],
  'group-participants.update': {
    id: group,
    author: lid,
    authorPn: person,
    participants: [{ id: lid, phoneNumber: person }],
    action: 'add',
  },
  'group.join-request': {
    id: group,
    author: lid,
    participant: lid,
    participantPn: person,
    action: 'created',
    method: 'invite_link',
  },
  'group.member-tag.update': {
    groupId: group,
    participant: lid,
    participantAlt: person,
    label: 'Vendas',
  },
  'blocklist.set': { blocklist: [person] },
  'blocklist.update': { blocklist: [person], type: 'add' },
  call: [
    {
      chatId: lid,
      from: lid,
      callerPn: person,
      id: 'CALL1',
      date: new Date(1_762_510_200_000),
      status: 'offer',
      offline: false,
    },
  ],
  'labels.edit': { id: '3', name: 'Novo', color: 1, deleted: false },
  'labels.association': {
    association: { type: 'label_jid' as never, chatId: person, labelId: '3' },
    type: 'add',
  },
  'newsletter.reaction': { id: '1@newsletter', server_id: '5', reaction: { code: '👍', count: 2 } },
  'newsletter.view': { id: '1@newsletter', server_id: '5', count: 9 },
  'newsletter-participants.update': {
    id: '1@newsletter',
    author: lid,
    user: lid,
    new_role: 'ADMIN',
    action: 'promote',
  },
  'newsletter-settings.update': { id: '1@newsletter', update: { name: 'Canal' } },
  'message-capping.update': { used_quota: 1, total_quota: 9 },
  'settings.update': { setting: 'locale', value: 'pt-BR' },
}
