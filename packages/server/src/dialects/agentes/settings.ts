import { optionalSetting, setting, type SettingGroup, type ValuesOf } from '../../core/setting.ts'
import { integer, text, url } from '../../core/setting-kinds.ts'
import { withoutPassword } from '../../core/masked-url.ts'

const anyText = text('any text without blanks', 'your-service-role-key', /^\S+$/)

/** The document's variables, and two of our own for what it leaves open. */
export const agentesSettings = {
  webhookSecret: optionalSetting('WEBHOOK_SECRET', text('any text', 'your-webhook-secret-key'), {
    defaultNote: 'requests without a secret of their own are not signed',
    description:
      'Signs the requests to endpoints and workflows of the first tenant that were registered without a ' +
      'secret of their own.',
    secret: true,
  }),
  n8nUrl: optionalSetting(
    'N8N_WEBHOOK_URL',
    url(['http:', 'https:'], 'https://primary-em-atividade.up.railway.app'),
    {
      defaultNote: 'workflows are those that were registered',
      description:
        'Base URL of the n8n that has the seven documented workflows; they are registered once, at its ' +
        '/webhook/… paths.',
    },
  ),
  apiBaseUrl: optionalSetting(
    'API_BASE_URL',
    url(['http:', 'https:'], 'https://api.agentesdeconversao.com.br'),
    {
      defaultNote: 'the server’s own URL',
      description: 'What the links in the answers of /api/webhooks begin with.',
    },
  ),
  redisUrl: optionalSetting(
    'REDIS_URL',
    url(['redis:', 'rediss:'], 'redis://:password@localhost:6379'),
    {
      defaultNote: 'none; Pombo’s queue is in its database',
      description: 'A Redis of your own, whose health /api/webhooks/health tells.',
      secret: true,
      redact: withoutPassword,
    },
  ),
  supabaseUrl: optionalSetting(
    'NEXT_PUBLIC_SUPABASE_URL',
    url(['http:', 'https:'], 'https://your-project.supabase.co'),
    { description: 'The Supabase project whose health /api/webhooks/health tells.' },
  ),
  supabaseKey: optionalSetting('SUPABASE_SERVICE_ROLE_KEY', anyText, {
    description: 'Presented when Supabase is asked how it is.',
    secret: true,
  }),
  organization: setting('AGENTES_ORGANIZATION', text('a uid', 'agentes', /^[\w.-]{1,256}$/), {
    default: 'agentes',
    description: 'The organisation, and so the app, of events and endpoints that name none.',
  }),
  userRate: optionalSetting('AGENTES_USER_RATE', integer(1, 100_000, 'events a second', '10'), {
    defaultNote: 'no limit',
    description: 'Most events that one user may cause; beyond it, 429 with Retry-After.',
  }),
} satisfies SettingGroup

export type AgentesValues = ValuesOf<typeof agentesSettings>
