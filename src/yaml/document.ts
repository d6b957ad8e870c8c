import type { Pointer } from '../json/pointer.ts'
import type { Json } from '../json/value.ts'

/** A place in a source text. Lines and columns count from 1; columns count UTF-16 code units, as editors do. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A stretch of a source text; `end` is exclusive. */
export interface Range {
  readonly start: Position
  readonly end: Position
}

/** One YAML document: its value as Kubernetes would read it, and where each part of it stands. */
export interface YamlDocument {
  readonly value: Json
  /**
   * Where the node at `pointer` stands: the value's range, of the key where `part` is `'key'`. A pointer to something
   * that does not exist is located at its nearest existing parent.
   */
  locate(pointer: Pointer, part?: 'key' | 'value'): Range
}

/** Why a text is not YAML that Kubernetes would read, and where. */
export interface YamlProblem {
  readonly message: string
  readonly position: Position
}
