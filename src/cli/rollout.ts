import { suggest } from '../policy/suggest.ts'
import { refuse } from './command-line.ts'
import type { Command } from './io.ts'
import { CHANGES, change } from './rollout/change.ts'
import { report } from './rollout/report.ts'
import { simulate } from './rollout/simulate.ts'
import { status } from './rollout/status.ts'

const HELP = `portcullis rollout: shows rollouts of policies and injections, and steers them.

Usage:
  portcullis rollout status [NAME] [-o json] [--watch]
  portcullis rollout report NAME [--output FILE] [--simulation FILE]    a page about it, to be read, printed or kept
  portcullis rollout pause NAME      keeps it from going on; a breached gate stops it all the same
  portcullis rollout resume NAME     goes on, after a pause or a breach; what is there by now is accepted
  portcullis rollout promote NAME    ends the hold of the present stage; never a breached gate, nor one that nobody can ask
  portcullis rollout abort NAME      takes the target back everywhere
  portcullis rollout simulate FILE --traffic REVIEWS
                                     what each stage would have done to recorded reviews; needs no cluster

portcullis rollout <verb> --help says more.
`

/** `portcullis rollout`. */
export const rollout: Command = {
  async run([verb, ...rest], io) {
    if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') {
      io[verb === undefined ? 'stderr' : 'stdout'](HELP)
      return verb === undefined ? 2 : 0
    }
    if (verb === 'status') return status.run(rest, io)
    if (verb === 'report') return report.run(rest, io)
    if (verb === 'simulate') return simulate.run(rest, io)
    const known = CHANGES.find(name => name === verb)
    if (known !== undefined) return change(known).run(rest, io)
    const verbs = ['status', ...CHANGES, 'report', 'simulate']
    return refuse('rollout', io, [`unknown verb "${verb}"${suggest(verb, verbs)}; the verbs are ${verbs.join(', ')}`])
  },
}
