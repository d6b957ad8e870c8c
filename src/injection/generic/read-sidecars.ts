import { readScalarTemplates } from './scalar-templates.ts'
import { SourceFile } from './source.ts'
import { readStructureTemplates } from './structure-templates.ts'
import { parsePieces, parseTemplate } from './template/template.ts'
import { type ReadSidecars, refused } from './template-source.ts'

/** Reads the file behind `--sidecar-config-file`. */
export function readSidecars(name: string, text: string): ReadSidecars {
  const file = new SourceFile(name, text)
  const pieces = parsePieces(text)
  if (!pieces.ok) return refused(file.problem(pieces.fault.message, pieces.fault.offset))
  const template = parseTemplate(pieces.value)
  if (!template.ok) return refused(file.problem(template.fault.message, template.fault.offset))
  const source = { file, text, pieces: pieces.value, template: template.value }
  return readScalarTemplates(source) ?? readStructureTemplates(source)
}
