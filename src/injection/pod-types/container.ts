import { fieldRef, keySelector, optionalReference, resourceFieldRef } from './references.ts'
import { bool, type FieldType, int, intOrString, list, map, object, quantity, string, strings } from './types.ts'

/** `core/v1.VolumeMount`. */
export const volumeMount: FieldType = object({
  name: string,
  readOnly: bool,
  recursiveReadOnly: string,
  mountPath: string,
  subPath: string,
  mountPropagation: string,
  subPathExpr: string,
})

/** `core/v1.EnvVar`. */
export const envVar: FieldType = object({
  name: string,
  value: string,
  valueFrom: object({
    fieldRef,
    resourceFieldRef,
    configMapKeyRef: keySelector,
    secretKeyRef: keySelector,
    fileKeyRef: object({ volumeName: string, path: string, key: string, optional: bool }),
  }),
})

const exec = object({ command: strings })
const httpGet = object({
  path: string,
  port: intOrString,
  host: string,
  scheme: string,
  httpHeaders: list(object({ name: string, value: string })),
})
const tcpSocket = object({ port: intOrString, host: string })

const probe = object({
  exec,
  httpGet,
  tcpSocket,
  grpc: object({ port: int, service: string }),
  initialDelaySeconds: int,
  timeoutSeconds: int,
  periodSeconds: int,
  successThreshold: int,
  failureThreshold: int,
  terminationGracePeriodSeconds: int,
})

const handler = object({ exec, httpGet, tcpSocket, sleep: object({ seconds: int }) })

const profile = object({ type: string, localhostProfile: string })

const securityContext = object({
  capabilities: object({ add: strings, drop: strings }),
  privileged: bool,
  seLinuxOptions: object({ user: string, role: string, type: string, level: string }),
  windowsOptions: object({
    gmsaCredentialSpecName: string,
    gmsaCredentialSpec: string,
    runAsUserName: string,
    hostProcess: bool,
  }),
  runAsUser: int,
  runAsGroup: int,
  runAsNonRoot: bool,
  readOnlyRootFilesystem: bool,
  allowPrivilegeEscalation: bool,
  procMount: string,
  seccompProfile: profile,
  appArmorProfile: profile,
})

/** `core/v1.Container` of Kubernetes 1.36. */
export const container: FieldType = object({
  name: string,
  image: string,
  command: strings,
  args: strings,
  workingDir: string,
  ports: list(object({ name: string, hostPort: int, containerPort: int, protocol: string, hostIP: string })),
  envFrom: list(object({ prefix: string, configMapRef: optionalReference, secretRef: optionalReference })),
  env: list(envVar),
  resources: object({
    limits: map(quantity),
    requests: map(quantity),
    claims: list(object({ name: string, request: string })),
  }),
  resizePolicy: list(object({ resourceName: string, restartPolicy: string })),
  restartPolicy: string,
  restartPolicyRules: list(object({ action: string, exitCodes: object({ operator: string, values: list(int) }) })),
  volumeMounts: list(volumeMount),
  volumeDevices: list(object({ name: string, devicePath: string })),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: object({ postStart: handler, preStop: handler, stopSignal: string }),
  terminationMessagePath: string,
  terminationMessagePolicy: string,
  imagePullPolicy: string,
  securityContext,
  stdin: bool,
  stdinOnce: bool,
  tty: bool,
})
