import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import { useFormatter } from 'use-intl'
import type { ChartProps } from './chart.tsx'
import styles from './chart.module.css'
import { lonePoints } from './lone-points.ts'

interface Hover {
  left: number
  index: number
}

/** uPlot in React: made anew when what it draws changes its kind, given new figures otherwise. */
export function Plot({ times, series, format, height = 160, spark = false }: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const [hover, setHover] = useState<Hover>()
  const formatter = useFormatter()
  const shape = series.map(({ label, colour, fill }) => `${label}${colour}${fill}`).join()
  const [theme, setTheme] = useState(0)
  const now = useRef({ times, series, format })
  now.current = { times, series, format }
  useEffect(() => watchTheme(() => setTheme((before) => before + 1)), [])
  useEffect(() => {
    const element = host.current!
    const data = dataOf(now.current)
    const made = new uPlot(
      options({ ...now.current, element, height, spark, formatter, setHover }),
      data,
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0)
      if (width > 0 && width !== made.width) made.setSize({ width, height: spark ? 22 : height })
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
    // The figures themselves are given below.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [shape, height, spark, theme, formatter])
  useEffect(() => {
    plot.current?.setData(dataOf({ times, series }))
  }, [times, series])
  return (
    <div ref={host} className={styles.plot}>
      {hover !== undefined && !spark && times[hover.index] !== undefined && (
        <Tip hover={hover} width={host.current?.clientWidth ?? 0}>
          <b>
            {formatter.dateTime(times[hover.index]! * 1_000, {
              day: 'numeric',
              month: 'short',
              hour: '2-digit',
              minute: '2-digit',
            })}
          </b>
          {series.map(({ label, values }) => {
            const value = values[hover.index]
            return (
              <div key={label}>
                <span>{label}</span>
                <span>{value === null || value === undefined ? '–' : format(value)}</span>
              </div>
            )
          })}
        </Tip>
      )}
    </div>
  )
}

function Tip({
  hover,
  width,
  children,
}: {
  hover: Hover
  width: number
  children: React.ReactNode
}) {
  const right = hover.left > width / 2
  const style = right ? { right: width - hover.left + 12 } : { left: hover.left + 60 }
  return (
    <div className={styles.tip} style={style}>
      {children}
    </div>
  )
}

function dataOf({ times, series }: Pick<ChartProps, 'times' | 'series'>): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])]
}

function options(given: {
  series: ChartProps['series']
  format: (value: number) => string
  element: HTMLElement
  height: number
  spark: boolean
  formatter: ReturnType<typeof useFormatter>
  setHover: (hover: Hover | undefined) => void
}): uPlot.Options {
  const { element, height, spark, formatter, format, setHover } = given
  const colour = (name: string): string => resolve(element, name)
  const axis = {
    stroke: colour('--ink-3'),
    font: `11px ${getComputedStyle(element).fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: Math.max(element.clientWidth, 40),
    height: spark ? 22 : height,
    ...(spark && { padding: [2, 0, 2, 0] as [number, number, number, number] }),
    legend: { show: false },
    cursor: {
      show: !spark,
      y: false,
      drag: { setScale: false, x: false, y: false },
      points: { size: 6 },
    },
    scales: { y: { range: (_, __, top) => [0, top > 0 ? top * 1.1 : 1] } },
    axes: spark
      ? [{ show: false }, { show: false }]
      : [
          {
            ...axis,
            space: 70,
            size: 26,
            grid: { show: false },
            values: (self, splits) => {
              const spanSeconds = (self.scales['x']?.max ?? 0) - (self.scales['x']?.min ?? 0)
              return splits.map((at) =>
                formatter.dateTime(
                  at * 1_000,
                  spanSeconds > 172_800
                    ? { day: 'numeric', month: 'short' }
                    : { hour: '2-digit', minute: '2-digit' },
                ),
              )
            },
          },
          {
            ...axis,
            size: 56,
            space: 34,
            values: (_, splits) => splits.map((value) => format(value)),
          },
        ],
    series: [
      {},
      ...given.series.map(({ label, colour: name, fill }) => ({
        label,
        stroke: colour(name),
        width: 1.5,
        points: {
          show: true,
          size: 5,
          fill: colour(name),
          filter: (self: uPlot, index: number) => lonePoints(self.data[index] ?? []),
        },
        ...(fill === true && { fill: `color-mix(in oklab, ${colour(name)} 14%, transparent)` }),
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor }) =>
          setHover(
            cursor.idx === null || cursor.idx === undefined || (cursor.left ?? -1) < 0
              ? undefined
              : { left: cursor.left ?? 0, index: cursor.idx },
          ),
      ],
    },
  }
}

/** A token's colour as it is now: a canvas knows no custom properties, nor `light-dark()`. */
function resolve(element: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  const media = matchMedia('(prefers-color-scheme: dark)')
  media.addEventListener('change', changed)
  return () => {
    observer.disconnect()
    media.removeEventListener('change', changed)
  }
}
