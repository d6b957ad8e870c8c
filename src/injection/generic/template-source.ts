import type { Problem } from '../../policy/problems.ts'
import type { Sidecars } from './sidecars.ts'
import type { SourceFile } from './source.ts'
import type { Action, Piece } from './template/lexer.ts'
import { podValue } from './template/pod-value.ts'
import type { Template } from './template/template.ts'

/** A sidecar file's text, read as a template. */
export interface TemplateSource {
  readonly file: SourceFile
  readonly text: string
  readonly pieces: readonly Piece[]
  readonly template: Template
}

/** A sidecar file that can be used, or what is wrong with it. */
export type ReadSidecars =
  | { readonly ok: true; readonly sidecars: Sidecars; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly [Problem, ...Problem[]] }

export function refused(first: Problem, ...rest: readonly Problem[]): ReadSidecars {
  return { ok: false, problems: [first, ...rest] }
}

/** The pod for which the original renders its file before it starts; a file that fails for it does not start it. */
export const SAMPLE_POD = podValue({
  annotations: {
    'rsyslog.k8s-integration.sfdc.com/test-volume-mounts': 'test',
    'rsyslog.k8s-integration.sfdc.com/log-volume-mounts': 'test',
    'vault.k8s-integration.sfdc.com/vaultRole': 'test',
    'vault.k8s-integration.sfdc.com/config': '\nsome:\n- yaml\n- array\nwith:\n  yaml: object',
  },
  serviceAccountName: 'test',
})

/** Whether an action is more than one value: a block, an end of one, or a variable. */
export function isControl({ tokens: [first, second] }: Action): boolean {
  if (first?.kind === 'name')
    return ['if', 'range', 'with', 'else', 'end', 'define', 'block', 'template', 'break', 'continue'].includes(
      first.text,
    )
  return first?.kind === 'variable' && (second?.text === ':=' || second?.text === '=')
}

/** Whether an action is about templates that have names. */
export function isShared({ tokens: [first] }: Action): boolean {
  return first?.kind === 'name' && ['define', 'block', 'template'].includes(first.text)
}
