// The container's health check: whether this node is ready, at the port that it listens on.
import { request as http } from 'node:http'
import { request as https } from 'node:https'

// oxlint-disable-next-line node/no-process-env -- a program of its own
const { POMBO_LISTEN: listen = '', POMBO_TLS_CERT: cert } = process.env
const port = /:(\d+)$/.exec(listen)?.[1] ?? '8071'
// Of the certificate nothing is asked: it is for the name under which others come.
const options = { host: '127.0.0.1', port, path: '/readyz', timeout: 4_000, rejectUnauthorized: false }
const asked = (cert ? https : http)(options, (answer) => {
  if (answer.statusCode === 200) process.exit(0)
  answer.pipe(process.stderr).on('close', fail)
  answer.on('end', fail)
})
asked.on('timeout', () => asked.destroy(new Error('no answer within 4 s')))
asked.on('error', (error) => {
  console.error(error.message)
  fail()
})
asked.end()

function fail() {
  process.exitCode = 1
}
