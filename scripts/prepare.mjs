// `npm ci` leaves working commands: builds when the compiler is installed. Under `npm ci --omit=dev` it is not, and
// a dist/ that was built elsewhere (an image's build stage) is left alone.
import { existsSync } from 'node:fs'

if (existsSync('node_modules/typescript/package.json') && existsSync('src')) await import('./build.mjs')
