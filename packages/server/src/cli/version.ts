import { version } from '../version.ts'
import { command, exitCodes } from './command.ts'
import { print } from './output.ts'

export const versionCommand = command({
  name: 'version',
  summary: 'Print the version',
  about: 'Prints the version of Pombo, and of the Node that runs it; so does "pombo --version".',
  options: {},
  examples: [['pombo version', 'What to name in a report of a fault']],
  async run() {
    print(`pombo ${version} (Node ${process.versions.node})`)
    return exitCodes.ok
  },
})
