import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from './button.tsx'
import { Foot } from './foot.tsx'
import { Awaiting } from './states.tsx'
import { type Column, Table } from './table.tsx'

interface ListPage<Of> {
  data: Of[]
  iterator: string | null
  done: boolean
}

/** A list of the API, a page at a time, in each of its states. */
export function PagedList<Of, In extends ListPage<Of> = ListPage<Of>>({
  label,
  queryKey,
  page,
  columns,
  rowKey,
  linked = false,
  empty,
  foot,
  refetchMs,
}: {
  label: string
  queryKey: readonly unknown[]
  page: (iterator: string | undefined) => Promise<In>
  columns: readonly Column<Of>[]
  rowKey: (of: Of) => string
  linked?: boolean
  empty: ReactNode
  /** Below the rows, or below `empty`: what the pages say of themselves, and to go on. */
  foot?: (
    pages: readonly In[],
    foot: { more: (() => void) | undefined; busy: boolean },
  ) => ReactNode
  refetchMs?: number
}) {
  const common = useTranslations('common')
  const found = useInfiniteQuery({
    queryKey,
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam }) => await page(pageParam),
    getNextPageParam: (last) => (last.done ? undefined : (last.iterator ?? undefined)),
    refetchInterval: refetchMs ?? false,
  })
  if (found.data === undefined) return <Awaiting of={found} />
  const rows = found.data.pages.flatMap(({ data }) => data)
  const more = found.hasNextPage ? () => void found.fetchNextPage() : undefined
  const busy = found.isFetchingNextPage
  const below = foot?.(found.data.pages, { more, busy })
  if (rows.length === 0)
    return (
      <>
        {empty}
        {below}
      </>
    )
  return (
    <>
      <Table {...{ label, columns, rows, rowKey, linked }} />
      {below ??
        (more !== undefined && (
          <Foot>
            <Button busy={busy} onClick={more}>
              {common('more')}
            </Button>
          </Foot>
        ))}
    </>
  )
}

/** The part of a query that asks for the next page, if there is one to ask for. */
export function pageOf(
  iterator: string | undefined,
  limit = 50,
): { limit: number; iterator?: string } {
  return { limit, ...(iterator !== undefined && { iterator }) }
}
