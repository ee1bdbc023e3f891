import { type ColumnDef, tableFeatures, useTable } from '@tanstack/react-table'
import type { ReactNode } from 'react'
import { names } from './class-names.ts'
import styles from './table.module.css'
import { Ago } from './time.tsx'

const features = tableFeatures({})

/** A column: what it is called, what it shows of a row, and how much room that takes. */
export type Column<Of> = Shown<Of> | When<Of>

interface Called {
  id: string
  head: string
  minor?: boolean
}

/** An instant of the row, as how long ago that is. */
interface When<Of> extends Called {
  ago: (of: Of) => string | null | undefined
}

interface Shown<Of> extends Called {
  cell: (of: Of) => ReactNode
  /**
   * Numbers stand to the right, and are called by their head where rows become cards; `fill` takes what is left and is
   * cut; `name`, which others chose, is cut where it is long; `text` is never cut; `minor` goes first where it is
   * narrow.
   */
  is?: 'number' | 'fill' | 'nowrap' | 'name' | 'text'
}

export function Table<Of>({
  label,
  columns: given,
  rows,
  rowKey,
  linked = false,
}: {
  label: string
  columns: readonly Column<Of>[]
  rows: Of[]
  rowKey: (of: Of) => string
  /** A link of class `rowLink` in a row takes the whole row. */
  linked?: boolean
}) {
  const columns = given.map((column) => ('ago' in column ? shownAgo(column) : column))
  const look = new Map(
    columns.map(({ id, is, minor }) => [
      id,
      names(is !== undefined && styles[is], minor === true && styles.minor),
    ]),
  )
  const heads = new Map(
    columns.map(({ id, head, is }) => [id, is === 'number' || is === 'text' ? head : '']),
  )
  const table = useTable({
    features,
    data: rows,
    columns: columns.map(
      ({ id, head, cell }): ColumnDef<typeof features, Of & object> => ({
        id,
        header: head,
        cell: ({ row }) => cell(row.original),
      }),
    ),
    getRowId: rowKey,
  } as Parameters<typeof useTable<typeof features, Of & object>>[0])
  return (
    <div className={styles.scroll}>
      <table className={styles.table} aria-label={label}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <th key={header.id} scope="col" className={look.get(header.column.id)}>
                  <table.FlexRender header={header} />
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} className={linked ? styles.linked : undefined}>
              {row.getAllCells().map((cell) => (
                <td
                  key={cell.id}
                  className={look.get(cell.column.id)}
                  data-head={heads.get(cell.column.id) || undefined}
                >
                  <table.FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function shownAgo<Of>({ ago, ...called }: When<Of>): Shown<Of> {
  return { ...called, is: 'number', cell: (of) => <Ago at={ago(of)} /> }
}

export const rowLink = styles.link ?? ''
