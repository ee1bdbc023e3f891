import { discord, slack, teams, telegram } from './catalogue/chats.ts'
import { postgres } from './catalogue/databases.ts'
import { chatwoot, evolution, n8n, typebot, zaphub } from './catalogue/systems.ts'
import type { Template } from './template.ts'

/** All there are, in the order in which they are shown. */
export const templates: readonly Template[] = [
  n8n,
  slack,
  discord,
  teams,
  telegram,
  evolution,
  zaphub,
  chatwoot,
  typebot,
  postgres,
]
