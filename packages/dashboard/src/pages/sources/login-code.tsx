import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { CopyButton } from '../../parts/code.tsx'
import { Mono, Muted, Panel } from '../../parts/layout.tsx'
import css from './login-code.module.css'

/** What a session says of signing in: the last of these is what holds. */
const told = [
  'session.qr_updated',
  'session.qr_timeout',
  'session.qr_rejected',
  'session.paired',
  'session.connected',
  'session.disconnected',
  'session.logged_out',
]
/** WhatsApp's codes live for 20 to 60 s; gateways tell of the next. */
const FRESH_MS = 120_000

interface Shown {
  /** Of the picture, as rows of dark and light. */
  dots: boolean[][] | null
  /** As the gateway sent it, where it sent no text of it. */
  image: string | null
  pairingCode: string | null
}

/** The code by which the account signs in, as long as one waits to be read. */
export function LoginCode({ appId }: { appId: string }) {
  const t = useTranslations('sources')
  const code = useQuery({
    queryKey: ['login-code', appId],
    refetchInterval: 5_000,
    queryFn: async () => await codeOf(appId),
  })
  const shown = code.data
  if (!shown) return null
  return (
    <Panel title={t('loginCode')}>
      <Muted>{t('loginCodeHow')}</Muted>
      {shown.dots && <Dots dots={shown.dots} label={t('loginCode')} />}
      {shown.image !== null && <img className={css.code} src={shown.image} alt={t('loginCode')} />}
      {shown.pairingCode !== null && (
        <p>
          <Mono>{shown.pairingCode}</Mono> <CopyButton text={shown.pairingCode} />
        </p>
      )}
    </Panel>
  )
}

async function codeOf(appId: string): Promise<Shown | null> {
  const query = { event_types: told, limit: 1, with_content: true }
  const { data } = await ask(
    api.GET('/api/v1/app/{app_id}/msg', { params: { path: { app_id: appId }, query } }),
  )
  const [last] = data
  if (last?.eventType !== 'session.qr_updated') return null
  if (Date.now() - Date.parse(last.timestamp) > FRESH_MS) return null
  const { qr = {} } = last.payload as { qr?: Record<string, unknown> }
  const [text, image, pairingCode] = [qr['code'], qr['image'], qr['pairingCode']].map((value) =>
    typeof value === 'string' && value !== '' ? value : null,
  )
  if (text) {
    const { encodeQR } = await import('qr')
    return {
      dots: encodeQR(text, 'raw', { border: 4 }),
      image: null,
      pairingCode: pairingCode ?? null,
    }
  }
  // Anything else would be an address from outside, which a page of Pombo's does not ask for by itself.
  const picture = image?.startsWith('data:image/') ? image : null
  if (picture === null && !pairingCode) return null
  return { dots: null, image: picture, pairingCode: pairingCode ?? null }
}

function Dots({ dots, label }: { dots: boolean[][]; label: string }) {
  const path = dots
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('')
  return (
    <svg
      className={css.code}
      viewBox={`0 0 ${dots.length} ${dots.length}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <path d={path} />
    </svg>
  )
}
