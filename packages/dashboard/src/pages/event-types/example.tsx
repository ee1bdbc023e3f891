import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { Code } from '../../parts/code.tsx'
import { Panel } from '../../parts/layout.tsx'

/** What a message of the type looks like: the schema's own example, or one that fits it. */
export function Example({ schema }: { schema: string }) {
  const t = useTranslations('eventTypes')
  const example = useQuery({
    queryKey: ['event-type-example', schema],
    enabled: schema !== '',
    queryFn: async () => {
      const body = { schema: JSON.parse(schema) as Record<string, unknown> }
      return await ask(api.POST('/api/v1/event-type/schema/generate-example', { body }))
    },
  })
  if (example.data?.example == null) return null
  return (
    <Panel title={t('example')}>
      <Code label={t('example')} text={JSON.stringify(example.data.example, null, 2)} />
    </Panel>
  )
}
