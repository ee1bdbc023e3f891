import { catalogue } from '../../core/error.ts'
import { fieldCodes } from '../../core/field-problem.ts'
import { apiSentences } from '../../core/sentences/api.ts'
import { connectionSentences } from '../../core/sentences/connections.ts'
import { fieldSentences } from '../../core/sentences/fields.ts'
import { reasonSentences } from '../../core/sentences/reasons.ts'
import { refusalSentences } from '../../core/sentences/refusals.ts'

const head = `# Errors

Made from the catalogues in \`packages/server/src/core\`: \`error.ts\`, \`field-problem.ts\` and \`sentences/\`; do
not edit.

Every refusal is JSON: \`{"code": …, "detail": …}\`, the code for programs and the detail for people. A 422 that
concerns fields is \`{"detail": [{"loc", "msg", "type"}, …]}\` instead, with one entry for each field: \`loc\`
begins with \`body\`, \`query\`, \`path\` or \`header\`. Both are Svix's forms; a field has a \`code\` and its
\`values\` besides, and a refusal its \`values\`; \`because\` has the code and the values of what is said beyond
that. They are for programs that say it in other words or another language. With 429 and 503 the header
\`Retry-After\` says, in seconds, when to come back. Nothing was stored then, but for \`database_away\`, where that
cannot be known: send messages with an \`Idempotency-Key\` or an \`eventId\`, and repeat them with the same.

A 500 has the code \`internal_error\`: a mistake of Pombo's own. It tells nothing but a request id, under which the
log has the cause.

| Code | Status | Message |
| --- | --- | --- |
`

/** docs/reference/errors.md, as it must be. Words in braces are filled in. */
export function errorReference(): string {
  const rows = Object.entries(catalogue).map(
    ([code, { status, message }]) => `| \`${code}\` | ${status} | ${message} |\n`,
  )
  const ofFields = fieldCodes.map((code) => `\`${code}\``).join(', ')
  return [
    `${head}${rows.join('')}`,
    `Of a field: ${ofFields}, and:\n`,
    tableOf({ ...fieldSentences, ...apiSentences }),
    'Of a connection, a destination, a broker or a source:\n',
    tableOf(connectionSentences),
    'Why a delivery or a task ended, or an expression failed (`reasonCoded`, `errorCoded`, `problemCoded`):\n',
    tableOf(reasonSentences),
    'Of a refusal (`because`):\n',
    tableOf(refusalSentences),
  ].join('\n')
}

function tableOf(sentences: Readonly<Record<string, string>>): string {
  const rows = Object.entries(sentences).map(
    ([code, sentence]) => `| \`${code}\` | ${sentence.replaceAll('|', '\\|')} |\n`,
  )
  return `| Code | Sentence |\n| --- | --- |\n${rows.join('')}`
}
