import { resolve } from 'node:path'
import type { TrafficOptions } from '../../server/traffic/recorder.ts'
import { ratio, size, text, type ValuesOf } from '../options.ts'

/** The options that say whether and how reviews are recorded. */
export function trafficOptions() {
  return {
    'record-traffic': text(
      'FILE',
      'Records reviews for `portcullis rollout simulate`, a line each, without secrets; see docs/traffic.md.',
      undefined,
    ),
    'record-max-size': size('When it is full it becomes FILE.1, in place of the one before.', '64Mi'),
    'record-sample': ratio('Which share of the reviews is recorded.', '1'),
  }
}

/** What is recorded; undefined unless somebody wants it. */
export function trafficOf(
  options: ValuesOf<ReturnType<typeof trafficOptions>>,
  cwd: string,
): TrafficOptions | undefined {
  const { 'record-traffic': file, 'record-max-size': maxSize, 'record-sample': sample } = options
  return file === undefined ? undefined : { file: resolve(cwd, file), maxSize, sample }
}
