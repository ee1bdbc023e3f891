import { allSettings } from '../config/config.ts'
import { keyOf } from '../config/names.ts'
import type { Setting } from '../core/setting.ts'

const head = `# Configuration

Made from the schema by \`pombo config --markdown\`; do not edit.

Pombo reads environment variables, and a file if \`POMBO_CONFIG\` or \`--config\` names one: YAML (\`.yaml\`, \`.yml\`),
lines of \`KEY=VALUE\`, or a JSON object. The environment wins over the file. A variable that is empty counts as
not set. A value that is not allowed, a \`POMBO_\` variable that does not exist, and any unknown name in the file
stop the start; all mistakes are named at once. \`pombo config\` prints what is in effect and where it came from,
without secrets.

In YAML a variable is written without \`POMBO_\` and in camel case: \`POMBO_MAX_BODY_BYTES\` is \`maxBodyBytes\`,
\`DATABASE_URL\` is \`databaseUrl\`, \`POMBO_API_KEY_FILE\` is \`apiKeyFile\`. Several values are a list. Editors know
all of them by [pombo.schema.json](pombo.schema.json), which \`pombo config --schema\` prints:

\`\`\`yaml
# yaml-language-server: $schema=./pombo.schema.json
listen: 0.0.0.0:8071
databaseUrlFile: /run/secrets/database-url
allowSubnets:
  - 10.1.0.0/16
  - fd00::/8
shutdownGraceMs: 30s
\`\`\`

While it runs, \`pombo serve\` reads the file again when it changes (within 10 seconds) and on SIGHUP. What is marked
below as taken up while it runs takes effect at once; the log names what waits for the next start. A file with a mistake
changes nothing: the log says what is wrong, and everything stays as it was.

A secret may come from a file: \`POMBO_API_KEY_FILE=/run/secrets/key\` instead of \`POMBO_API_KEY\`, and so for every
variable that is marked as secret. Blanks and line ends around it do not count; both at once are refused.
`

/** docs/reference/configuration.md, as it must be. */
export function configReference(): string {
  const groups = Map.groupBy(allSettings(), ({ group }) => group)
  let page = head
  for (const [title, members] of groups) {
    page += `\n## ${title}\n`
    for (const { setting } of members) page += section(setting)
  }
  return page
}

function section(setting: Setting<unknown>): string {
  const fixed =
    typeof setting.default === 'string' && setting.default !== ''
      ? `\`${setting.default}\``
      : undefined
  const lines = [
    `- Takes: ${setting.kind.allowed}`,
    `- Default: ${fixed ?? setting.defaultNote ?? 'not set'}`,
    `- Example: \`${setting.variable}=${setting.kind.example}\``,
    `- In YAML: \`${keyOf(setting.variable)}\``,
    ...(setting.live ? ['- Taken up while it runs'] : []),
    ...(setting.secret ? [`- Secret: never printed or logged; ${fileNote(setting.variable)}`] : []),
  ]
  return `\n### ${setting.variable}\n\n${setting.description}\n\n${lines.join('\n')}\n`
}

const fileNote = (variable: string): string => `\`${variable}_FILE\` names a file that holds it`
