// `npm run bench`: pairs, measured in one run and in both orders; ratios and medians are what counts. Absolute times
// say nothing across machines. `--json FILE` writes the rows; `--only WORD` runs the rows whose name holds the word;
// `--peers` measures Pepr too (`npm ci --prefix bench/peers --ignore-scripts` installs it).
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureDevelopmentCertificates } from '../src/certs/development.ts'
import type { Certificates } from './pairs.ts'
import { benchChecks, benchLargePod, benchRollout } from './rows/engine.ts'
import { benchInjection } from './rows/injection.ts'
import { benchIsolation } from './rows/isolation.ts'
import { benchStart } from './rows/start.ts'
import { benchWire } from './rows/wire.ts'

/** One line of the result. `ratio` is ours against the yardstick's; `aim` says which way is good. */
export interface Row {
  readonly name: string
  readonly ours: string
  readonly yardstick: string
  readonly ratio: number
  readonly aim: string
}

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    peers: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '4' },
  },
})
const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-'))
try {
  const made = await ensureDevelopmentCertificates(directory, new Date())
  if (!made.ok) throw new Error(made.problems.map(({ message }) => message).join('; '))
  const { caFile, certFile, keyFile, clientCertFile, clientKeyFile } = made.value.files
  const certificates: Certificates = {
    ca: caFile,
    cert: certFile,
    key: keyFile,
    clientCert: clientCertFile,
    clientKey: clientKeyFile,
  }
  const benches = {
    wire: () => benchWire(certificates, directory, Number(values.seconds), values.peers),
    check: () => benchChecks(),
    rollout: () => benchRollout(),
    'large pod': () => benchLargePod(),
    injection: () => benchInjection(),
    start: () => benchStart(certificates),
    isolation: () => benchIsolation(certificates, 30),
  }
  const rows: Row[] = []
  for (const [name, bench] of Object.entries(benches)) {
    if (values.only === undefined || name.includes(values.only)) rows.push(...(await bench()))
  }
  for (const { name, ours, yardstick, ratio, aim } of rows) {
    process.stdout.write(
      `${name}\n    ours ${ours}   yardstick ${yardstick}   ratio ${ratio.toFixed(3)}   aim ${aim}\n`,
    )
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`)
} finally {
  await rm(directory, { recursive: true, force: true })
}
