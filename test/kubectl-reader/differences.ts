import { hidden, judged } from './compare.ts'
import type { KubectlReader } from './kubectl.ts'
import { Random } from './random.ts'
import { Texts } from './texts.ts'

/** What a comparison of many texts came to. */
export interface Comparison {
  readonly texts: number
  /** Texts of which kubectl would send an object. */
  readonly sending: number
  /** Texts with an object that kubectl would send, that is not judged, and of which the run does not say so. */
  readonly hiding: readonly Buffer[]
  /** Texts that kubectl takes without an error and for which a run is red, counted by its reason. */
  readonly stricter: ReadonlyMap<string, { readonly count: number; readonly example: Buffer }>
}

const BATCH = 500

/** Compares what kubectl would send with what is judged, for `count` texts that depend on `seed` only. */
export async function compareTexts(kubectl: KubectlReader, seed: number, count: number): Promise<Comparison> {
  const texts = new Texts(new Random(seed))
  const hiding: Buffer[] = []
  const stricter = new Map<string, { count: number; example: Buffer }>()
  let sending = 0
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => texts.next())
    const answers = kubectl.texts(batch)
    const ours = batch.map(judged)
    for (const [index, sent] of (await answers).entries()) {
      const [text, mine] = [batch[index], ours[index]]
      if (text === undefined || mine === undefined) throw new Error('there are more answers than questions')
      if (sent.objects.length > 0) sending++
      if (hidden(sent, mine) !== undefined) hiding.push(text)
      const [reason] = mine.problems
      if (reason === undefined || sent.error !== undefined || sent.objects.length === 0) continue
      const kind = reason.replace(/"(?:[^"\\]|\\.)*"|\d+|[*&!]\S+/g, '…')
      const known = stricter.get(kind)
      if (known === undefined) stricter.set(kind, { count: 1, example: text })
      else {
        known.count++
        if (text.length < known.example.length) known.example = text
      }
    }
  }
  return { texts: count, sending, hiding, stricter }
}
