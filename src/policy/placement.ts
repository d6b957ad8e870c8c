import {
  type Place,
  type RolloutRecord,
  replacedNames,
  revisionsInForce,
  type Versions,
  versionsAt,
} from '../rollout/record.ts'

/**
 * Where one version of a document counts, because a rollout says so.
 * `target`: what is rolled out, where it has come. `shadow`: the same where it has not come, without a consequence. `replaced`:
 * what the target replaces, where that has not come.
 */
export interface Placement {
  readonly role: 'target' | 'shadow' | 'replaced'
  /** Of the rollout, and how often that has changed: it says which state of it decided. */
  readonly rollout: string
  readonly record: number
  /** Of a shadow: the names of what would be gone if it were in force. */
  readonly displaces: ReadonlySet<string>
  /** Whether it counts there; `'unknown'` where that depends on labels that nobody knows. */
  isAt(place: Place): boolean | 'unknown'
}

/** What a document has to say for itself to be placed. */
interface Versioned {
  readonly name: string
  readonly revision: string
  /** Whether it counts only where a rollout has brought it. */
  readonly isStaged: boolean
  readonly placement?: Placement
}

/** The records of rollouts, and the revisions of their targets that are not the newest. */
export interface Rollouts<Document> {
  readonly records: readonly RolloutRecord[]
  readonly older: readonly Document[]
}

/**
 * Every version of every document, with the place where it counts. A document that no rollout is about stays as it is; a staged one that
 * no rollout has brought is left out.
 *
 * @param documents of one kind, each at its newest revision that compiles.
 */
export function arrange<Document extends Versioned>(
  kind: RolloutRecord['target']['kind'],
  documents: readonly Document[],
  { records, older }: Rollouts<Document>,
): readonly Document[] {
  const own = records.filter(({ target }) => target.kind === kind).map(record => trackerOf(record, documents, older))
  return documents.flatMap(document => {
    const replacing = own.filter(({ replaced }) => replaced.has(document.name))
    const stays = (place: Place) => staysAt(document, replacing, own, place)
    if (!document.isStaged) return [placed(document, undefined, replacing, stays)]
    const tracker = own.find(({ record }) => record.target.name === document.name)
    if (tracker === undefined) return []
    const earlier = older.filter(({ name, revision }) => name === document.name && revision !== document.revision)
    const inForce = revisionsInForce(tracker.record)
    const versions = [document, ...earlier]
      .filter(({ revision }) => inForce.has(revision))
      .map(version => placed(version, targetAt(tracker, version), replacing, stays))
    return tracker.record.elsewhere === 'Audit'
      ? [...versions, { ...document, placement: shadowAt(tracker, document) }]
      : versions
  })
}

/** A record that can be asked. */
interface Tracker {
  readonly record: RolloutRecord
  readonly replaced: ReadonlySet<string>
  at(place: Place): Versions
}

function trackerOf(record: RolloutRecord, documents: readonly Versioned[], older: readonly Versioned[]): Tracker {
  const isTarget = ({ name }: Versioned) => name === record.target.name
  const present = new Set([...documents, ...older].filter(isTarget).map(({ revision }) => revision))
  // A target that is gone, or no longer staged, is nobody's rollout any more: what it replaced is in force again, beside it.
  const isStaged = documents.some(document => isTarget(document) && document.isStaged)
  const isThere = (revision: string) => isStaged && present.has(revision)
  // One request asks for the same place once for each version.
  let last: { readonly place: Place; readonly versions: Versions } | undefined
  return {
    record,
    replaced: replacedNames(record),
    at(place) {
      if (last?.place !== place) last = { place, versions: versionsAt(record, place, isThere) }
      return last.versions
    },
  }
}

function targetAt({ record, at }: Tracker, { revision }: Versioned): Placement {
  return {
    role: 'target',
    rollout: record.rings.name,
    record: record.number,
    displaces: NOTHING,
    isAt: place => {
      const { revisions, isUnknown } = at(place)
      return revisions.has(revision) && (isUnknown ? 'unknown' : true)
    },
  }
}

function shadowAt({ record, replaced, at }: Tracker, { name, revision }: Versioned): Placement {
  return {
    role: 'shadow',
    rollout: record.rings.name,
    record: record.number,
    displaces: new Set([name, ...replaced]),
    isAt: place => !at(place).revisions.has(revision),
  }
}

/** A version that other rollouts may replace as well. */
function placed<Document extends Versioned>(
  document: Document,
  own: Placement | undefined,
  replacing: readonly Tracker[],
  stays: Placement['isAt'],
): Document {
  const [first] = replacing
  if (first === undefined) return own === undefined ? document : { ...document, placement: own }
  const { record } = first
  return {
    ...document,
    placement: {
      role: own?.role ?? 'replaced',
      rollout: own?.rollout ?? record.rings.name,
      record: own?.record ?? record.number,
      displaces: NOTHING,
      isAt: place => bothOf(own?.isAt(place) ?? true, () => stays(place)),
    },
  }
}

const NOTHING: ReadonlySet<string> = new Set()

/**
 * Where several rollouts replace a document, it stays until the last of them has brought something better; and where what they have brought
 * is replaced by the document itself, for ever: of those that drive out each other all stay.
 *
 * @param all the trackers of every target.
 */
function staysAt(
  { name }: Versioned,
  replacing: readonly Tracker[],
  all: readonly Tracker[],
  place: Place,
): boolean | 'unknown' {
  let answer: boolean | 'unknown' = false
  for (const { at, record } of replacing) {
    const { replaced, isUnknown } = at(place)
    if (!replaced.has(name)) {
      if (drivenOut(name, all, place).has(record.target.name)) return true
      continue
    }
    if (!isUnknown) return true
    answer = 'unknown'
  }
  return answer
}

/** What is not in force at a place, or may not be, because of a target, and because of what that drives out, and so on. */
function drivenOut(target: string, all: readonly Tracker[], place: Place): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting = [target]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const tracker = all.find(({ record }) => record.target.name === name)
    if (tracker === undefined) continue
    const { replaced: left, isUnknown } = tracker.at(place)
    for (const gone of tracker.replaced) {
      if ((left.has(gone) && !isUnknown) || found.has(gone)) continue
      found.add(gone)
      waiting.push(gone)
    }
  }
  return found
}

function bothOf(one: boolean | 'unknown', other: () => boolean | 'unknown'): boolean | 'unknown' {
  if (one === false) return false
  const answer = other()
  return one === 'unknown' && answer !== false ? 'unknown' : answer
}
