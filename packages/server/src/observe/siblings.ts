import cluster from 'node:cluster'
import { randomUUID } from 'node:crypto'

/**
 * Where several processes serve one address, a scrape reaches any of them, and counters that jump between processes are
 * of no use. So the process that is asked gathers the figures of all, by way of the process that started them.
 */
interface Ask {
  kind: 'metrics-ask' | 'metrics-collect'
  id: string
}

interface Tell {
  kind: 'metrics-tell' | 'metrics-figures'
  id: string
  figures: unknown[]
}

const WAIT_MS = 1_000

/** In the process that started the others: passes questions on, and answers back. */
export function answerSnapshots(): void {
  cluster.on('message', (asker, message: Ask | Tell) => {
    if (message.kind !== 'metrics-collect') return
    const others = Object.values(cluster.workers ?? {}).filter(
      (worker) => worker !== undefined && worker.id !== asker.id && worker.isConnected(),
    )
    const figures: unknown[] = []
    let waiting = others.length
    const finish = (): void => {
      clearTimeout(timer)
      cluster.off('message', listener)
      if (asker.isConnected())
        asker.send({ kind: 'metrics-figures', id: message.id, figures } satisfies Tell)
    }
    // One that hangs is left out of this scrape.
    const timer = setTimeout(finish, WAIT_MS)
    const listener = (_: unknown, answer: Ask | Tell): void => {
      if (answer.kind !== 'metrics-tell' || answer.id !== message.id) return
      figures.push(...answer.figures)
      waiting -= 1
      if (waiting === 0) finish()
    }
    cluster.on('message', listener)
    for (const worker of others) worker!.send({ kind: 'metrics-ask', id: message.id } satisfies Ask)
    if (waiting === 0) finish()
  })
}

/**
 * In one of several processes: offers its own figures, and asks for those of the others. Undefined where there is only
 * one.
 */
export function joinSiblings(
  own: () => Promise<unknown>,
): { others: () => Promise<unknown[]>; leave: () => void } | undefined {
  if (!cluster.isWorker) return undefined
  const open = new Map<string, (figures: unknown[]) => void>()
  const listener = (message: Ask | Tell): void => {
    if (message.kind === 'metrics-figures') open.get(message.id)?.((message as Tell).figures)
    if (message.kind !== 'metrics-ask') return
    own().then(
      (figures) =>
        process.send?.({ kind: 'metrics-tell', id: message.id, figures: [figures] } satisfies Tell),
      () => {},
    )
  }
  process.on('message', listener)
  return {
    async others() {
      const id = randomUUID()
      return await new Promise<unknown[]>((resolve) => {
        const timer = setTimeout(() => finish([]), WAIT_MS * 2)
        const finish = (figures: unknown[]): void => {
          clearTimeout(timer)
          open.delete(id)
          resolve(figures)
        }
        open.set(id, finish)
        process.send?.({ kind: 'metrics-collect', id } satisfies Ask)
      })
    },
    leave: () => void process.off('message', listener),
  }
}
