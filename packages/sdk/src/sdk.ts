/**
 * The public entry: verify webhooks, sign them in tests, talk to a server, open WhatsApp media. Only WebCrypto and
 * fetch.
 */
export { type FieldProblem, PomboApiError } from './api-error.ts'
export type { App, AppIn, AppListOptions, Apps } from './apps.ts'
export type { Attempt, AttemptListOptions, Attempts, AttemptStatus } from './attempts.ts'
export { PomboClient } from './client.ts'
export type { CallOptions, ClientSettings, CreateOptions } from './client-http.ts'
export type { RawBody } from './encoding.ts'
export type {
  Endpoint,
  EndpointIn,
  EndpointListOptions,
  Endpoints,
  EndpointSettings,
  EndpointStats,
  EndpointUpdate,
  RecoverJob,
} from './endpoints.ts'
export type { WebhookHeaders } from './headers.ts'
export {
  decryptMedia,
  encryptedLength,
  MediaError,
  type MediaErrorCode,
  type MediaKind,
} from './media.ts'
export type { BatchResult, Message, MessageIn, MessageListOptions, Messages } from './messages.ts'
export type { List, ListOptions, Page } from './pages.ts'
export type { WebhookSecret } from './secret.ts'
export { sign, type SignInput } from './sign.ts'
export { type WebhookVerificationCode, WebhookVerificationError } from './verification-error.ts'
export { Webhook, type WebhookOptions } from './webhook.ts'
