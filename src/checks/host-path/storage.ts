import { quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { dig, get, getList, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import type { Finding } from '../check.ts'
import { collect, noWorseThanParents } from '../findings.ts'
import { type Fault, mountOptionFault } from './mount-options.ts'
import type { HostPathParams } from './params.ts'
import { settingFaults } from './source-fields.ts'
import { PERSISTENT_VOLUME_FIELDS } from './sources.ts'
import { describePath, judgePath, INSTEAD as POD_INSTEAD } from './verdict.ts'
import { judgeHostPath, judgeSource, judgeSourceFields } from './volumes.ts'

/** What a volume may be kept in instead. */
const INSTEAD =
  'keep volumes on a disk or in a directory that is set apart for them, such as /mnt/disks/ssd0; a provisioner that must keep them elsewhere needs a PolicyException'

/** A PersistentVolume: `spec.hostPath.path`, `spec.local.path`, and every other source as in a pod. */
export function judgePersistentVolume(object: JsonObject, params: HostPathParams): readonly Finding[] {
  const spec = get(object, 'spec')
  if (!isObject(spec)) return []
  return collect(findings => {
    for (const finding of judgeMountOptions(object, spec, params)) findings.push(finding)
    for (const source of Object.keys(spec)) {
      for (const finding of judgeField(source, spec[source] ?? null, params)) findings.push(finding)
    }
  })
}

/** The annotation that came before the field; the kubelet still reads it (`MountOptionFromSpec` in pkg/volume/util). */
const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options'

function judgeMountOptions(object: JsonObject, spec: JsonObject, params: HostPathParams): readonly Finding[] {
  const annotation = getString(dig(object, 'metadata', 'annotations'), MOUNT_OPTIONS)
  return [
    ...optionFindings('the PersistentVolume', spec, '/spec', params),
    ...(annotation === undefined
      ? []
      : faultFindings(
          'the PersistentVolume',
          append('/metadata/annotations', MOUNT_OPTIONS),
          mountOptionFault(annotation, params),
        )),
  ]
}

/** Judges the list `mountOptions` of `parent`. */
function optionFindings(what: string, parent: JsonObject, at: Pointer, params: HostPathParams): readonly Finding[] {
  return getList(parent, 'mountOptions').flatMap((option, index) =>
    typeof option === 'string'
      ? faultFindings(what, append(at, 'mountOptions', index), mountOptionFault(option, params))
      : [],
  )
}

function faultFindings(what: string, pointer: Pointer, fault: Fault | undefined): readonly Finding[] {
  if (fault === undefined) return []
  const { says, hint, path } = fault
  return [
    {
      pointer,
      message: `${what} ${says}`,
      hint,
      level: 'violation',
      key: `option ${says}`,
      ...(path !== undefined && { facts: { path } }),
    },
  ]
}

function judgeField(source: string, value: Json, params: HostPathParams): readonly Finding[] {
  if (value === null || PERSISTENT_VOLUME_FIELDS.has(source)) return []
  if (source !== 'hostPath' && source !== 'local') {
    return judgeSource(() => 'the PersistentVolume', source, value, '/spec', params, NO_USERS)
  }
  const at = append('/spec', source)
  const fields =
    source === 'local' ? judgeSourceFields(() => 'the PersistentVolume', source, value, '/spec', params, NO_USERS) : []
  const what = `the PersistentVolume ${source === 'local' ? 'has the local path' : 'mounts hostPath'}`
  const { findings: found, path, hole } = judgeHostPath(() => what, value, at, params, NO_USERS)
  const findings = [
    ...found.map(finding => (finding.hint === POD_INSTEAD ? { ...finding, hint: INSTEAD } : finding)),
    ...fields,
  ]
  if (hole?.readOnly !== true || path === undefined) return findings
  const message = `${what} ${quote(path)}, which is allowed read-only: a PersistentVolume cannot promise that`
  const finding: Finding = {
    pointer: at,
    message,
    hint: INSTEAD,
    level: 'violation',
    key: `read-only ${path}`,
    facts: { path },
    severity: noWorseThanParents(path, 'read-only', 'path'),
  }
  return [...findings, finding]
}

/** Which pods will mount a PersistentVolume cannot be seen from it. */
const NO_USERS = () => undefined

/** What a template of a pathPattern may say: what cannot climb, unlike an annotation of the claim or a text. */
const HARMLESS_TEMPLATE = /\{\{-?\s*\.(?:PVName|PVC\.(?:Name|Namespace|Labels\.\w+))\s*-?\}\}/g

/** How a pathPattern leads out of the provisioner's folder; undefined where it does not. */
function wayOut(pattern: string): 'leaves' | 'may leave' | undefined {
  const climbs = (path: string) => path.split(/[/\\]/).includes('..')
  const path = pattern.replace(HARMLESS_TEMPLATE, 'x')
  if (path.startsWith('/') || climbs(path)) return 'leaves'
  // A label that is not there comes to nothing: its neighbours may be two dots.
  return path.includes('{{') || climbs(pattern.replace(HARMLESS_TEMPLATE, '')) ? 'may leave' : undefined
}

/**
 * A StorageClass: `mountOptions` and the settings that reach the volumes it makes; of a local-path provisioner its paths.
 */
export function judgeStorageClass(object: JsonObject, params: HostPathParams): readonly Finding[] {
  const what = 'the StorageClass'
  const parameters = dig(object, 'parameters')
  const isLocalPath = /local-path/i.test(getString(object, 'provisioner') ?? '')
  return collect(findings => {
    for (const finding of optionFindings(what, object, '', params)) findings.push(finding)
    if (isObject(parameters)) {
      for (const [name, fault] of settingFaults(parameters, params)) {
        // Judged below, in its own words.
        if (isLocalPath && name === 'nodePath') continue
        for (const finding of faultFindings(what, append('/parameters', name), fault)) findings.push(finding)
      }
    }
    for (const finding of judgeBasePath(object, params)) findings.push(finding)
    if (isLocalPath) for (const finding of judgeLocalPath(parameters, params)) findings.push(finding)
  })
}

/** The annotation by which OpenEBS' local volumes are given their folder; its text is YAML. */
const OPENEBS = 'cas.openebs.io/config'

/** Every value that is a path: in whichever order an entry says its name and its value, of all of them only BasePath has one. */
const VALUES = /\bvalue["']?\s*:\s*(?:[>|][-+\d]*\s+)?["']?([/\\][^"'\n,}]*)/g

function judgeBasePath(object: JsonObject, params: HostPathParams): readonly Finding[] {
  const text = getString(dig(object, 'metadata', 'annotations'), OPENEBS) ?? ''
  return [...text.matchAll(VALUES)].flatMap(([, raw = '']) => {
    const path = raw.trim()
    const verdict = judgePath(path, '', params)
    if (verdict.kind !== 'refused') return []
    const says = `keeps volumes in the node's path ${describePath(path)}, which ${verdict.reason}`
    const fault = { says, hint: INSTEAD, path: verdict.path }
    return faultFindings('the StorageClass', append('/metadata/annotations', OPENEBS), fault)
  })
}

/**
 * Judges a local-path provisioner: `pathPattern` places a claim's directory below the provisioner's own folder, unless it is
 * absolute or climbs, also by a template; `nodePath` names that folder.
 */
function judgeLocalPath(parameters: Json | undefined, params: HostPathParams): readonly Finding[] {
  const findings: Finding[] = []
  const pattern = getString(parameters, 'pathPattern')
  const way = pattern === undefined ? undefined : wayOut(pattern)
  if (pattern !== undefined && way !== undefined) {
    const message = `the StorageClass has the pathPattern ${quote(pattern)}, which ${way} the provisioner's folder`
    const hint = 'write a relative pattern such as {{ .PVC.Namespace }}/{{ .PVC.Name }}'
    findings.push({
      pointer: '/parameters/pathPattern',
      message,
      hint,
      level: 'violation',
      key: `pathPattern ${pattern}`,
      facts: { path: pattern },
    })
  }
  const nodePath = getString(parameters, 'nodePath')
  if (nodePath === undefined) return findings
  const verdict = judgePath(nodePath, '', params)
  if (verdict.kind === 'allowed') return findings
  const message = `the StorageClass keeps volumes in the node's path ${describePath(nodePath)}, which ${verdict.reason}`
  const { path } = verdict
  return [
    ...findings,
    {
      pointer: '/parameters/nodePath',
      message,
      hint: INSTEAD,
      level: 'violation',
      key: `path ${path}`,
      facts: { path },
      severity: noWorseThanParents(path, 'path'),
    },
  ]
}
