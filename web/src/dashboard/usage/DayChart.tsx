import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { scheme } from '@/lib/scheme'
import { useSize } from '@/lib/useSize'
import { useWatchable } from '@/lib/useWatchable'
import { formatDay } from '../ui/format'
import type { Point } from './model'

const HEIGHT = 224
const { bars } = uPlot.paths

/** A bar for each day, in the colours of the page. A table beside it says the same. */
export default function DayChart({
  points,
  label,
  format,
}: {
  points: readonly Point[]
  label: string
  format: (value: number) => string
}) {
  const frame = useRef<HTMLDivElement>(null)
  const readout = useRef<HTMLParagraphElement>(null)
  const { width } = useSize(frame)
  const { isDark } = useWatchable(scheme)

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours of the page follow isDark.
  useEffect(() => {
    const place = frame.current
    if (place === null || width === 0) {
      return
    }
    const colour = (name: string) => getComputedStyle(place).getPropertyValue(name).trim()
    const axis = {
      stroke: colour('--muted'),
      font: `12px ${getComputedStyle(place).fontFamily}`,
      ticks: { show: false },
    }
    const chart = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
        scales: {
          x: { time: false, range: [-0.6, points.length - 0.4] },
          y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            space: 56,
            incrs: [1, 2, 5, 7, 10, 14],
            values: (_, splits) => splits.map((split) => (points[split] ? formatDay(points[split].date) : '')),
          },
          {
            ...axis,
            grid: { stroke: colour('--line'), width: 1 },
            size: (_, values) => 16 + 7 * Math.max(0, ...(values ?? []).map((value) => value.length)),
            values: (_, splits) => splits.map(format),
          },
        ],
        series: [
          {},
          {
            stroke: colour('--accent-line'),
            fill: colour('--accent'),
            width: 0,
            points: { show: false },
            ...(bars === undefined ? {} : { paths: bars({ size: [0.68, 44], radius: 0.18 }) }),
          },
        ],
        hooks: {
          setCursor: [
            ({ cursor }) => {
              const point = typeof cursor.idx === 'number' ? points[cursor.idx] : undefined
              if (readout.current !== null) {
                readout.current.textContent =
                  point === undefined ? '' : `${formatDay(point.date)}: ${format(point.value)}`
              }
            },
          ],
        },
      },
      [points.map((_, index) => index), points.map(({ value }) => value)],
      place,
    )
    return () => chart.destroy()
  }, [points, format, width, isDark])

  return (
    <figure className="min-w-0">
      <div ref={frame} role="img" aria-label={label} className="h-56 w-full min-w-0 overflow-hidden" />
      <p ref={readout} aria-hidden="true" className="h-5 text-center text-muted text-sm tabular-nums" />
    </figure>
  )
}
