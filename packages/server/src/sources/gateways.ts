import { baileys } from './baileys/baileys.ts'
import { evolution } from './evolution/evolution.ts'
import { evolutionGo } from './evolution-go/evolution-go.ts'
import { gowa } from './gowa/gowa.ts'
import type { GatewaySource } from './gateway/gateway.ts'
import { signedSources } from './signed/signed.ts'
import { supabase } from './supabase/supabase.ts'
import { waha } from './waha/waha.ts'
import { whatsAppCloud } from './whatsapp-cloud/whatsapp-cloud.ts'
import { whatsmeow } from './whatsmeow/whatsmeow.ts'
import { wuzapi } from './wuzapi/wuzapi.ts'
import { zpwoot } from './zpwoot/zpwoot.ts'

/** WhatsApp's gateways. */
export const whatsAppGateways: readonly GatewaySource[] = [
  baileys,
  whatsmeow,
  wuzapi,
  gowa,
  evolution,
  evolutionGo,
  waha,
  zpwoot,
  whatsAppCloud,
]

/** Whatever sends events by HTTP, by the name it has in `/ingest/{source}/…`. */
export const gateways: ReadonlyMap<string, GatewaySource> = new Map(
  [...whatsAppGateways, supabase, ...signedSources].map((source) => [source.name, source]),
)
