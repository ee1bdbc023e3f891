import { useTranslations } from 'use-intl'
import type { Endpoint, FoundEndpoint } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'

type State = FoundEndpoint['state']

const tones: Record<State, Tone> = {
  healthy: 'good',
  open: 'bad',
  'half-open': 'warn',
  failing: 'warn',
  paused: 'neutral',
  disabled: 'neutral',
}

export function stateOf({ disabled, paused, health }: Endpoint): State {
  if (disabled) return 'disabled'
  if (paused) return 'paused'
  if (health?.circuit !== undefined && health.circuit !== 'closed') return health.circuit
  return (health?.consecutiveFailures ?? 0) > 0 ? 'failing' : 'healthy'
}

export function HealthBadge({ state }: { state: State }) {
  const t = useTranslations('endpoints.badge')
  return <Badge tone={tones[state]}>{t(state)}</Badge>
}
