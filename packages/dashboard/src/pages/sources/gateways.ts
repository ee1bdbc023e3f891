import type { SourceInput } from '../../api/shapes.ts'

type Gateway = SourceInput['gateway']

/** Their names as their makers write them, in the order in which they are offered. */
export const gatewayTitles: Record<Gateway, string> = {
  'whatsapp-cloud': 'WhatsApp Cloud API',
  evolution: 'Evolution API',
  'evolution-go': 'Evolution Go',
  waha: 'WAHA',
  baileys: 'Baileys',
  whatsmeow: 'whatsmeow',
  gowa: 'go-whatsapp-web-multidevice',
  wuzapi: 'wuzapi',
  zpwoot: 'zpwoot',
  uazapi: 'UAZAPI',
  'z-api': 'Z-API',
  wppconnect: 'WPPConnect Server',
  'twilio-whatsapp': 'WhatsApp by Twilio',
  supabase: 'Supabase',
  events: 'Pombo',
  webhook: 'Webhook',
  'standard-webhooks': 'Standard Webhooks',
  svix: 'Svix',
  stripe: 'Stripe',
  'mercado-pago': 'Mercado Pago',
  pagseguro: 'PagSeguro',
  pix: 'Pix',
  asaas: 'Asaas',
  paddle: 'Paddle',
  shopify: 'Shopify',
  github: 'GitHub',
  gitlab: 'GitLab',
  slack: 'Slack',
  discord: 'Discord',
  twilio: 'Twilio',
  sendgrid: 'SendGrid',
  mailgun: 'Mailgun',
  hubspot: 'HubSpot',
  typeform: 'Typeform',
}

export const gateways = Object.keys(gatewayTitles) as Gateway[]

export function gatewayTitle(gateway: string): string {
  return gatewayTitles[gateway as Gateway] ?? gateway
}
