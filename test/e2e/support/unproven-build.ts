import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Builds what must never ship: a gateway that writes the whole map of labels to add one, as the webhook of war story 4 did, and that
 * proves nothing. Nothing else differs from what is built.
 *
 * @returns the program.
 */
export function buildWithoutProof(directory: string): string {
  const folder = join(directory, 'unproven')
  mkdirSync(folder)
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  for (const name of ['node_modules', 'policies', 'package.json']) symlinkSync(join(root, name), join(folder, name))
  change(
    join(folder, 'dist/review/prove.js'),
    'export function proveInjection(request, pod, patch, context) {',
    text => [text, '    return { ok: true, patched: pod };'],
  )
  appendFileSync(
    join(folder, 'dist/injection/draft.js'),
    `
const { operations } = PodDraft.prototype;
PodDraft.prototype.operations = function () {
  const all = operations.call(this);
  const isLabel = ({ path }) => path.startsWith('/metadata/labels/');
  const labels = all.filter(isLabel).map(({ path, value }) => [path.slice('/metadata/labels/'.length), value]);
  if (labels.length === 0) return all;
  return [...all.filter(operation => !isLabel(operation)), { op: 'add', path: '/metadata/labels', value: Object.fromEntries(labels) }];
};
`,
  )
  return join(folder, 'dist/main/portcullis.js')
}

function change(file: string, line: string, to: (line: string) => readonly string[]): void {
  const text = readFileSync(file, 'utf8')
  if (!text.includes(line)) throw new Error(`${file} has no line "${line}" any more`)
  writeFileSync(file, text.replace(line, to(line).join('\n')))
}
