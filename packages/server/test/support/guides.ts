// The commands that guides show, run as they stand, in their order, against a Pombo.
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestPombo } from './pombo-app.ts'

const folder = join(import.meta.dirname, '../../../../docs/guides')

export const noCurl = spawnSync('curl', ['--version']).status !== 0

/** What a guide shows to be typed, block by block. */
export function blocksOf(file: string): string[] {
  const text = readFileSync(join(folder, file), 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!)
}

/** Carries out one command; its answer's body, which has to be JSON, or nothing, and no error. */
export async function runCommand(
  command: string,
  pombo: Pick<TestPombo, 'url' | 'key'>,
  variables: Record<string, string> = {},
): Promise<unknown> {
  const text = command.replace(/^curl/, 'curl -sS --fail-with-body')
  const { stdout } = await promisify(execFile)('sh', ['-c', text], {
    env: { PATH: process.env['PATH'], POMBO: pombo.url, KEY: pombo.key, ...variables },
  }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${command}\n${error.stdout}\n${error.stderr}`)
  })
  return stdout === '' ? undefined : JSON.parse(stdout)
}

/**
 * Runs what begins with curl; the answers' bodies. `receiver` stands in place of the guide's, on port 9000; `learn`
 * says which variables the reader takes out of an answer.
 */
export async function runGuide(
  file: string,
  pombo: TestPombo,
  options: {
    receiver?: string
    variables?: Record<string, string>
    learn?: (answer: unknown) => Record<string, string>
  } = {},
): Promise<unknown[]> {
  const { receiver, learn } = options
  let { variables = {} } = options
  const answers: unknown[] = []
  for (const block of blocksOf(file))
    for (const shown of block.split(/\n\n(?=curl)/).filter((one) => one.startsWith('curl'))) {
      const command =
        receiver === undefined ? shown : shown.replaceAll('http://127.0.0.1:9000', receiver)
      const answer = await runCommand(command, pombo, variables)
      answers.push(answer)
      variables = { ...variables, ...learn?.(answer) }
    }
  return answers
}
