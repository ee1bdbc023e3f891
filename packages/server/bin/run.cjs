'use strict'
// A file of its own: `import()` is a syntax error to a Node from before 2017, which pombo.cjs has to speak to.
// A clone has the source, which nobody has to build first and which is never older than what is read; a package has not.
var source = require('path').join(__dirname, '../src/main.ts')
void import(require('fs').existsSync(source) ? '../src/main.ts' : '../dist/main.js')
