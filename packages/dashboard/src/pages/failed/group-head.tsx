import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { useAppName } from '../../api/apps.ts'
import type { FailureGroup } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Back, Muted, Row } from '../../parts/layout.tsx'
import { useSession } from '../../session/session.ts'
import { useCauseWords } from './cause-words.ts'
import styles from './group-head.module.css'

/** Back to all that fails. */
function ToAll() {
  const t = useTranslations('failed')
  return (
    <Back from="/failed" to="/failed" search={({ app, span, group }) => ({ app, span, group })}>
      {t('allGroups')}
    </Back>
  )
}

/** Which cause it is about, over all endpoints. */
export function CauseHead({ cause }: { cause: FailureGroup['cause'] | undefined }) {
  const words = useCauseWords()
  return (
    <Row>
      <ToAll />
      {cause !== undefined && <Badge tone="bad">{words(cause)}</Badge>}
    </Row>
  )
}

/** Which endpoint it is about, and of which cause alone, each a click from there. */
export function EndpointHead({
  group,
  cause,
}: {
  group: FailureGroup | undefined
  cause: FailureGroup['cause'] | undefined
}) {
  const t = useTranslations('failed')
  const words = useCauseWords()
  const appName = useAppName()
  const { kind } = useSession()
  return (
    <div className={styles.head}>
      <ToAll />
      {group !== undefined && group.appId !== null && group.endpointId !== null && (
        <Row>
          <Link
            className={styles.address}
            to="/endpoints/$appId/$endpointId"
            params={{ appId: group.appId, endpointId: group.endpointId }}
          >
            {group.endpointUrl ?? group.endpointId}
          </Link>
          {kind === 'account' && <Muted>{appName(group.appId)}</Muted>}
          {cause !== undefined && (
            <>
              <Badge tone="bad">{words(cause)}</Badge>
              <Link
                from="/failed"
                to="/failed"
                className={styles.all}
                search={(before) => ({ ...before, cause: undefined })}
              >
                {t('anyCause')}
              </Link>
            </>
          )}
          {group.circuit === 'open' && <Badge tone="warn">{t('circuitOpen')}</Badge>}
        </Row>
      )}
    </div>
  )
}
