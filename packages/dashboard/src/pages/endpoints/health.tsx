import { useTranslations } from 'use-intl'
import type { Endpoint } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'

type State = 'healthy' | 'open' | 'halfOpen' | 'failing' | 'paused' | 'disabled'

const tones: Record<State, Tone> = {
  healthy: 'good',
  open: 'bad',
  halfOpen: 'warn',
  failing: 'warn',
  paused: 'neutral',
  disabled: 'neutral',
}

export function stateOf({ disabled, paused, health }: Endpoint): State {
  if (disabled) return 'disabled'
  if (paused) return 'paused'
  if (health?.circuit === 'open') return 'open'
  if (health?.circuit === 'half-open') return 'halfOpen'
  return (health?.consecutiveFailures ?? 0) > 0 ? 'failing' : 'healthy'
}

export function HealthBadge({ endpoint }: { endpoint: Endpoint }) {
  const t = useTranslations('endpoints.badge')
  const state = stateOf(endpoint)
  return <Badge tone={tones[state]}>{t(state)}</Badge>
}
