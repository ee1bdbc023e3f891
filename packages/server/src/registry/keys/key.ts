import { hash, randomBytes } from 'node:crypto'
import type { Role } from '../../core/role.ts'

/** What an app's token is for alone; null: everything about the app. */
export type KeyUse = 'send' | 'poll' | 'integration' | null

/** A key as its owner sees it again later: never the key itself. */
export interface ApiKey {
  id: string
  tenantId: string
  /** Uuid of the only app that is reached; null: all of the tenant's. */
  appId: string | null
  name: string
  /** The first characters, to tell keys apart. */
  hint: string
  createdAtMs: number
  /** To the minute or so. */
  lastUsedAtMs: number | null
  expiresAtMs: number | null
  revokedAtMs: number | null
  /** The event types with a flag that are shown to it; null: all. */
  featureFlags: string[] | null
  role: Role
  use: KeyUse
  /** The polling endpoint that a token for polling reads. */
  pollerId: string | null
}

/** Whom a presented key belongs to. `refused` says why it counts no longer. */
export interface KeyHolder
  extends Omit<ApiKey, 'id' | 'hint' | 'createdAtMs' | 'lastUsedAtMs' | 'revokedAtMs'> {
  keyId: string
  /** The session by which somebody is signed in with the key; null: the key itself was presented. */
  sessionId: string | null
  refused: 'revoked' | 'expired' | null
}

const HINT_CHARACTERS = 4

/** A fresh key of 256 random bits. The prefix lets secret scanners, and people, recognise it. */
export function makeKey(scope: 'tenant' | 'app'): { text: string; hint: string } {
  const prefix = scope === 'tenant' ? 'pombo_' : 'pomboapp_'
  const text = prefix + randomBytes(32).toString('base64url')
  return { text, hint: `${text.slice(0, prefix.length + HINT_CHARACTERS)}…` }
}

/** The hint of a key that somebody else made: never more than a quarter of it. */
export function hintOf(text: string): string {
  return `${text.slice(0, Math.min(HINT_CHARACTERS, Math.floor(text.length / 4)))}…`
}

/** What is stored of a key. Unsalted and fast on purpose: there is nothing to guess in 256 random bits. */
export function hashKey(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
