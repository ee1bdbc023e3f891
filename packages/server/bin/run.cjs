'use strict'
// A file of its own: `import()` is a syntax error to a Node from before 2017, which pombo.cjs has to speak to.
void import('../dist/main.js')
