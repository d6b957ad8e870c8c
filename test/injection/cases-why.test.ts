import { describe, expect, test } from 'vitest'
import { digest } from '../../src/cli/documents.ts'
import { loadInjections } from '../../src/injection/set.ts'
import { folderOf, runLint } from '../lint/harness.ts'
import { documentsOf, json } from '../support/engine.ts'
import { type InjectionSpec, injectionSet, injectionText, plan } from '../support/injection.ts'

const KEY = 'proxy.example.com/inject'
const SIDE = {
  containers: [{ name: 'proxy', image: 'proxy:1', resources: { requests: { cpu: '1m' }, limits: { memory: '8Mi' } } }],
}
const ASKED: InjectionSpec = { trigger: { annotation: KEY }, ...SIDE }

/** What `--explain` says of each pod of a text, without the result's own words. */
async function why(manifests: string, spec: InjectionSpec = ASKED, namespaces?: string): Promise<readonly string[]> {
  const cwd = folderOf({
    'injections/a.yaml': injectionText('a', spec),
    ...(namespaces && { 'namespaces.yaml': namespaces }),
  })
  const more = namespaces === undefined ? [] : ['--namespaces', 'namespaces.yaml']
  const argv = ['inject', '--injections', 'injections', '--explain', ...more, '-']
  const { stdout } = await runLint(argv, { cwd, stdin: manifests })
  return [...stdout.matchAll(/^ {2}a {2}([\w-]+) {2}(.*)$/gm)].map(([, result, text]) => `${result}: ${text}`)
}

const pod = (metadata: string, more = '') =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p${metadata}}\nspec: {containers: [{name: r, image: r}]}\n${more}`
const template = 'template: {spec: {containers: [{name: r, image: r}]}}'
const WANTED = `not-triggered: annotation "${KEY}" of the pod must be "true" or "enabled"; `

describe('a pod that does not get what was meant for it', () => {
  test.each<[what: string, manifest: string, found: string]>([
    ['nothing', pod(''), 'the pod does not have it'],
    ['no', pod(`, annotations: {${KEY}: "false"}`), 'it is "false"'],
    ['an empty value', pod(`, annotations: {${KEY}: ""}`), 'it is ""'],
    ['the wrong case', pod(`, annotations: {${KEY}: "True"}`), 'it is "True", which is not exactly that'],
    [
      'quotes within quotes',
      pod(`, annotations: {${KEY}: "\\"true\\""}`),
      'it is "\\"true\\"", which is not exactly that',
    ],
    ['another word', pod(`, annotations: {${KEY}: "yes"}`), 'it is "yes", which is not exactly that'],
    ['a blank behind it', pod(`, annotations: {${KEY}: "true "}`), 'it is "true ", which is not exactly that'],
    [
      'no quotes',
      pod(`, annotations: {${KEY}: true}`),
      'it is true without quotes, which the API server does not accept: write "true"',
    ],
    ['a list', pod(`, annotations: {${KEY}: [x]}`), 'it is a list'],
    ['a label', pod(`, labels: {${KEY}: "true"}`), 'the pod has it as a label: write it to /metadata/annotations'],
    [
      'the key in other letters',
      pod(', annotations: {Proxy.example.com/Inject: "true"}'),
      'the pod has "Proxy.example.com/Inject" in its place',
    ],
    ['the key without its prefix', pod(', annotations: {inject: "true"}'), 'the pod has "inject" in its place'],
    [
      'a slip in the key',
      pod(', annotations: {proxy.example.com/injct: "true"}'),
      'the pod has "proxy.example.com/injct" in its place',
    ],
    ['another key of the prefix', pod(', annotations: {proxy.example.com/status: "true"}'), 'the pod does not have it'],
    [
      'the trigger of another injection',
      pod(', annotations: {prox.example.com/inject: "true"}'),
      'the pod does not have it',
    ],
    [
      'annotations outside of metadata',
      pod('', `annotations: {${KEY}: "true"}\n`),
      'it is in /annotations, which Kubernetes does not know: write it to /metadata/annotations',
    ],
    [
      'the annotation of a Deployment',
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: {${KEY}: "true"}}\nspec: {${template}}\n`,
      'it is an annotation of the Deployment itself, not of its pods: write it to /spec/template/metadata/annotations',
    ],
    [
      'the label of a StatefulSet',
      `apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: d, labels: {${KEY}: "true"}}\nspec: {${template}}\n`,
      'it is a label of the StatefulSet itself, not of its pods: write it to /spec/template/metadata/annotations',
    ],
    [
      'the annotation of the Jobs of a CronJob',
      `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {metadata: {annotations: {${KEY}: "true"}}, spec: {${template}}}}\n`,
      'it is an annotation of what /spec/jobTemplate describes, not of its pods: write it to /spec/jobTemplate/spec/template/metadata/annotations',
    ],
    [
      'an annotation below the spec of a template',
      `apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\nspec: {template: {spec: {annotations: {${KEY}: "true"}, containers: [{name: r, image: r}]}}}\n`,
      'it is in /spec/template/spec/annotations, which Kubernetes does not know: write it to /spec/template/metadata/annotations',
    ],
  ])('injection 71: %s is explained', async (_, manifest, found) => {
    expect(await why(manifest)).toEqual([WANTED + found])
  })

  test('injection 71: the label of a namespace is explained', async () => {
    const namespaces = `apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {${KEY}: enabled}}\n`
    expect(await why(pod(''), ASKED, namespaces)).toEqual([
      `${WANTED}it is a label of namespace default: for such a trigger the injection needs always: true and a namespaceSelector`,
    ])
  })

  test('injection 71: the values that count are those of the injection', async () => {
    const spec = { ...SIDE, trigger: { annotation: KEY, values: ['v1', 'v2', 'canary'] } }
    expect(await why(pod(`, annotations: {${KEY}: "true"}`), spec)).toEqual([
      `not-triggered: annotation "${KEY}" of the pod must be "v1" or "v2" or "canary"; it is "true", which is not exactly that`,
    ])
  })

  const matching = (objectSelector: object): InjectionSpec => ({ ...SIDE, matchConstraints: { objectSelector } })
  const expression = (operator: string, ...values: readonly string[]) =>
    matching({ matchExpressions: [{ key: 'team', operator, ...(values.length > 0 && { values }) }] })
  test.each<[spec: InjectionSpec, metadata: string, expected: string]>([
    [
      matching({ matchLabels: { team: 'a' } }),
      '',
      'other-labels: label "team" of the pod must be "a"; the pod does not have it',
    ],
    [
      expression('In', 'a', 'b'),
      ', labels: {team: c}',
      'other-labels: label "team" of the pod must be "a" or "b"; it is "c"',
    ],
    [
      expression('NotIn', 'c'),
      ', labels: {team: c}',
      'other-labels: label "team" of the pod must not be "c"; it is "c"',
    ],
    [expression('Exists'), '', 'other-labels: label "team" of the pod must be there; the pod does not have it'],
    [
      expression('DoesNotExist'),
      ', labels: {team: c}',
      'other-labels: label "team" of the pod must not be there; it is "c"',
    ],
    [
      { ...SIDE, match: { hostNetwork: true } },
      '',
      "other-pod: match.hostNetwork is true, and the pod does not share the node's network",
    ],
    [
      { ...SIDE, match: { restartPolicy: ['Never', 'OnFailure'] } },
      '',
      'other-pod: match.restartPolicy is Never or OnFailure, and the pod has "Always"',
    ],
  ])('injection 71: %j is explained', async (spec, metadata, expected) => {
    expect(await why(pod(metadata), spec)).toEqual([expected])
  })

  test('injection 71: the labels of a namespace are explained', async () => {
    const spec = { ...SIDE, matchConstraints: { namespaceSelector: { matchLabels: { mesh: 'on' } } } }
    const namespaces = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {mesh: "off"}}\n'
    expect(await why(pod(''), spec, namespaces)).toEqual([
      'other-namespace: label "mesh" of namespace default must be "on"; it is "off"',
    ])
  })
})

describe('at admission', () => {
  const notes = (metadata: object, spec = ASKED) =>
    plan(
      json({ metadata: { name: 'p', ...metadata }, spec: { containers: [{ name: 'r', image: 'r' }] } }),
      injectionSet({ a: spec }),
    ).notes

  test.each(['True', 'TRUE', ' true', 'true\n', '"true"', "'true'", 'yes', 'on', '1', 'Enabled', 'enable'])(
    'injection 71: a pod that asks by %j is told what counts',
    value => {
      expect(notes({ annotations: { [KEY]: value } })).toEqual([
        `a: trigger: nothing was injected: annotation "${KEY}" is ${JSON.stringify(value).replace('\\n', '\\u000a')}; only "true" or "enabled" counts, exactly so`,
      ])
      expect(notes({ labels: { [KEY]: value } })).toEqual([
        `a: trigger: nothing was injected: the pod has "${KEY}" as a label, and only an annotation counts`,
      ])
    },
  )

  test.each(['false', 'disabled', 'no', '', 'off', '0', 'x'.repeat(100_000)])(
    'injection 71: a pod that says %j is not',
    value => {
      expect(notes({ annotations: { [KEY]: value } })).toEqual([])
      expect(notes({ labels: { [KEY]: value } })).toEqual([])
    },
  )

  test('injection 71: the annotation counts, whatever the label says', () => {
    expect(notes({ annotations: { [KEY]: 'false' }, labels: { [KEY]: 'true' } })).toEqual([])
    expect(notes({ annotations: { [KEY]: 'true' }, labels: { [KEY]: 'false' } })).toEqual([])
    expect(notes({ annotations: { other: 'True' } })).toEqual([])
  })
})

describe('a trigger that is wrong', () => {
  const CHOICES =
    'a pod asks by an annotation (trigger: {annotation: example.com/inject}, with values if "true" and "enabled" do not fit), or every pod that matchConstraints selects gets it (trigger: {always: true})'
  const BY_LABELS =
    'pods are chosen by labels with always: true and matchConstraints.objectSelector, namespaces with matchConstraints.namespaceSelector; otherwise '
  test.each<[trigger: unknown, message: string]>([
    [undefined, `: required field "trigger" is missing: ${CHOICES}`],
    [null, `: must be an object: ${CHOICES}`],
    ['always', `: must be an object: ${CHOICES}`],
    [{}, `: must not be empty: ${CHOICES}`],
    [{ label: 'a/b' }, `: there is no "label": ${BY_LABELS}${CHOICES}`],
    [{ objectSelector: {} }, `: there is no "objectSelector": ${BY_LABELS}${CHOICES}`],
    [{ annotations: 'a/b' }, `: unknown field "annotations" (did you mean "annotation"?): ${CHOICES}`],
    [{ annotation: 'a/b', always: true }, `: must not have both annotation and always: ${CHOICES}`],
    [{ always: false }, `: always must be true, or be left out: ${CHOICES}`],
    [{ values: ['x'] }, `: values need an annotation: ${CHOICES}`],
    [{ annotation: 1 }, `: annotation must be a text: ${CHOICES}`],
    [{ annotation: 'a/b', values: [true] }, `: values must be a list of texts; write "true" in quotes: ${CHOICES}`],
    [
      { annotation: 'a/b', value: 'x' },
      '/value: unknown field "value" (did you mean "values"?); allowed: annotation, values, always',
    ],
  ])('injection 71: %j is refused in words that say what to write', (trigger, message) => {
    const text = injectionText('a', { ...SIDE, trigger })
    const { problems } = loadInjections(
      { documents: documentsOf(text, ['SidecarInjection'], 'injection.yaml'), problems: [] },
      { excludedNamespaces: [], digest },
    )
    expect(
      problems.map(problem => `${problem.pointer}${problem.message.startsWith('/') ? '' : ': '}${problem.message}`),
    ).toEqual([`/spec/trigger${message}`])
  })
})
