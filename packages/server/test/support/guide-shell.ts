// A guide, followed as a reader does: one shell, one folder, block after block.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TestPombo } from './pombo-app.ts'

const root = join(import.meta.dirname, '../../../..')

/** Why the guides' commands cannot be run here, or undefined where they can. */
export const shellLacks: string | undefined = ['bash', 'curl', 'jq'].find(
  (tool) => spawnSync('which', [tool]).status !== 0,
)

export interface Block {
  fence: string
  code: string
  /** Why no test runs it: `<!-- not run: … -->` above the block. */
  notRun: string | undefined
}

/** What a page shows to be typed or saved. */
export function blocksShown(page: string): Block[] {
  const text = readFileSync(join(root, 'docs/guides', page), 'utf8')
  const form = /(?:^<!-- not run: ([^\n]+?) -->\n+)?^```(sh|js)\n(.*?)^```$/gms
  return [...text.matchAll(form)].map(([, notRun, fence, code]) => ({
    fence: fence!,
    code: code!,
    notRun,
  }))
}

export interface GuideShell {
  /** Runs the next block of commands, and what it printed; files that the page shows before it are there. */
  next: () => Promise<string>
  /** The same, where it prints a JSON value, or several: the last. */
  nextJson: () => Promise<unknown>
  /** A file that the page shows, as a module. */
  module: (name: string) => Promise<Record<string, unknown>>
  /** Puts a file there that a command which is not run would have made. */
  put: (name: string, content: unknown) => void
  /** Throws where blocks are left. */
  end: () => void
  stop: () => void
}

/** `places` stand in the place of the page's texts, as another port. */
export function openGuide(
  page: string,
  pombo: TestPombo,
  options: { variables?: Record<string, string>; places?: Record<string, string> } = {},
): GuideShell {
  const folder = mkdtempSync(join(tmpdir(), 'pombo-guide-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const left = blocksShown(page).filter(({ notRun }) => notRun === undefined)
  const bash = spawn('bash', ['-euo', 'pipefail'], {
    cwd: folder,
    env: {
      HOME: folder,
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      POMBO: pombo.url,
      KEY: pombo.key,
      ...options.variables,
    },
  })
  let stderr = ''
  bash.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  bash.stdin.write('curl() { command curl -sS --fail-with-body "$@"; }\n')
  const here = (code: string) =>
    Object.entries(options.places ?? {}).reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      code,
    )
  const next = async () => {
    for (let block = left.shift(); block !== undefined; block = left.shift()) {
      const code = here(block.code)
      if (block.fence === 'sh') return await typed(bash, code, () => `${code}\n${stderr}`)
      const name = /^\/\/ ([\w.-]+)$/m.exec(code)?.[1]
      if (name === undefined) throw new Error(`this block says no file name:\n${code}`)
      writeFileSync(join(folder, name), code)
    }
    throw new Error(`${page} shows no further commands`)
  }
  return {
    next,
    nextJson: async () => lastJson(await next()),
    module: async (name) => {
      const file = join(folder, name)
      const shown = blocksShown(page).find(({ code }) => code.startsWith(`// ${name}\n`))
      writeFileSync(file, shown!.code)
      return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>
    },
    put: (name, content) => writeFileSync(join(folder, name), JSON.stringify(content)),
    end() {
      const open = left.find(({ fence }) => fence === 'sh')
      if (open !== undefined) throw new Error(`${page}: not run: ${open.code}`)
    },
    stop() {
      bash.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function typed(bash: ChildProcess, code: string, told: () => string): Promise<string> {
  const end = `end-${Math.random().toString(36).slice(2)}`
  return await new Promise((resolve, reject) => {
    let stdout = ''
    const heard = (chunk: Buffer) => {
      stdout += chunk.toString()
      const at = stdout.indexOf(end)
      if (at < 0) return
      stop()
      resolve(stdout.slice(0, at))
    }
    const ended = () => {
      stop()
      reject(new Error(`${told()}\n${stdout}`))
    }
    const stop = () => {
      bash.stdout!.off('data', heard)
      bash.off('close', ended)
    }
    bash.stdout!.on('data', heard)
    bash.on('close', ended)
    // Of its own input the commands must read nothing: it is the rest of the guide.
    bash.stdin!.write(`{\n${code}\n} < /dev/null\necho ${end}\n`)
  })
}

/** The last value; lines of words may stand before the first. */
function lastJson(printed: string): unknown {
  const input = printed.slice(Math.max(0, printed.search(/^[[{]/m)))
  const { stdout, status } = spawnSync('jq', ['-s', 'last'], { input })
  if (status !== 0) throw new Error(`this is no JSON: ${printed}`)
  return JSON.parse(stdout.toString())
}
