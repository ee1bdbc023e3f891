import { baileys } from './baileys/baileys.ts'
import { events } from './events/events.ts'
import { evolution } from './evolution/evolution.ts'
import { evolutionGo } from './evolution-go/evolution-go.ts'
import { gowa } from './gowa/gowa.ts'
import type { GatewaySource } from './gateway/gateway.ts'
import { signedSources } from './signed/signed.ts'
import { supabase } from './supabase/supabase.ts'
import { twilioWhatsApp } from './twilio-whatsapp/twilio-whatsapp.ts'
import { uazapi } from './uazapi/uazapi.ts'
import { waha } from './waha/waha.ts'
import { whatsAppCloud } from './whatsapp-cloud/whatsapp-cloud.ts'
import { whatsmeow } from './whatsmeow/whatsmeow.ts'
import { wppConnect } from './wppconnect/wppconnect.ts'
import { wuzapi } from './wuzapi/wuzapi.ts'
import { zApi } from './z-api/z-api.ts'
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
  uazapi,
  zApi,
  wppConnect,
  twilioWhatsApp,
]

/** Whatever sends events by HTTP, by the name it has in `/ingest/{source}/…`. */
export const gateways: ReadonlyMap<string, GatewaySource> = new Map(
  [...whatsAppGateways, supabase, events, ...signedSources].map((source) => [source.name, source]),
)
