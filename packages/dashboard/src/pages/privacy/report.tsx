import { Download } from 'lucide-react'
import { useFormatter, useTranslations } from 'use-intl'
import type { PersonErasure } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Id } from '../../parts/code.tsx'
import { Facts, Panel, Row, Stack } from '../../parts/layout.tsx'
import { Notice } from '../../parts/states.tsx'
import { Instant } from '../../parts/time.tsx'
import { download } from './export.ts'

const counted = [
  'messages',
  'attempts',
  'answers',
  'deliveries',
  'stillSending',
  'profiles',
  'files',
  'devices',
  'tasks',
  'reasons',
  'auditEntries',
] as const satisfies (keyof PersonErasure['erased'])[]

/** What was erased, and what only people can change. */
export function Report({ report }: { report: PersonErasure }) {
  const t = useTranslations('privacy')
  const audit = useTranslations('audit')
  const format = useFormatter()
  const { erased, read, stillNamed } = report
  return (
    <Panel title={t('report')}>
      <Stack>
        {read.unreadable > 0 && (
          <Notice tone="warn">{t('unreadable', { count: read.unreadable })}</Notice>
        )}
        <Facts
          rows={[
            [t('erasedAt'), <Instant key="at" at={report.finishedAt} />],
            ...counted.map((name) => [t(`erased.${name}`), format.number(erased[name])] as const),
            ...(stillNamed.length === 0
              ? []
              : [
                  [
                    t('stillNamed'),
                    <Stack key="named" tight>
                      {stillNamed.map(({ kind, id }) => (
                        <span key={id}>
                          {audit(`kinds.${kind}`)} <Id id={id} />
                        </span>
                      ))}
                    </Stack>,
                  ] as const,
                ]),
            [t('auditId'), <Id key="audit" id={report.auditId} />],
          ]}
        />
        <Row>
          <Button icon={Download} onClick={() => download(report, 'pombo-erasure.json')}>
            {t('downloadReport')}
          </Button>
        </Row>
      </Stack>
    </Panel>
  )
}
