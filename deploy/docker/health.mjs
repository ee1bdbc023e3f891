// The container's health check: whether this node is ready, at the port that it listens on.
// oxlint-disable-next-line node/no-process-env -- a program of its own
const port = /:(\d+)$/.exec(process.env.POMBO_LISTEN ?? '')?.[1] ?? '8071'
const problem = await fetch(`http://127.0.0.1:${port}/readyz`).then(
  async (answer) => (answer.ok ? undefined : await answer.text()),
  (error) => error,
)
if (problem !== undefined) {
  console.error(problem)
  process.exitCode = 1
}
