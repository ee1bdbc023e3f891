#!/usr/bin/env node
// What `npx pombo` runs. In the words of 2009, so that a Node of any age can say what is wrong instead of failing at
// syntax that it does not know; the program itself is in run.cjs and dist/.
'use strict'

var needed = 24
var found = process.versions.node
var program = typeof Bun !== 'undefined' ? 'Bun' : typeof Deno !== 'undefined' ? 'Deno' : 'Node'

if (program !== 'Node' || parseInt(found, 10) < needed) {
  process.stderr.write(
    'Pombo needs Node ' + needed + ' or later, and this is ' + program + (program === 'Node' ? ' ' + found : '') + '.\n' +
      '  Without installing anything else:  npx --yes --package=node@' + needed + ' --package=pombo -- pombo serve\n' +
      '  Or install it: https://nodejs.org, or "nvm install ' + needed + '", "fnm install ' + needed + '", "mise use node@' +
      needed + '".\n'
  )
  process.exit(1)
} else {
  require('./run.cjs')
}
