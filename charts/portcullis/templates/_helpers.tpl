{{/* Labels of everything. */}}
{{- define "portcullis.labels" -}}
app.kubernetes.io/name: portcullis
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* What selects the pods of a component: call with (list . "gateway"). */}}
{{- define "portcullis.selector" -}}
app.kubernetes.io/name: portcullis
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "portcullis.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* Namespaces that no policy looks at; the same list for gateway and controller. */}}
{{- define "portcullis.excludeNamespaces" -}}
{{ join "," (concat (list "kube-system" "kube-public" "kube-node-lease" .Release.Namespace) .Values.excludeNamespaces) }}
{{- end }}

{{/* What decides verdicts, said the same way to gateway and controller. */}}
{{- define "portcullis.verdictArgs" -}}
{{- if .Values.policies.configMap }}
- --policies=/etc/portcullis/policies
{{- end }}
- --enable-exception={{ .Values.policies.enableExceptions | default (list "none") | join "," }}
- --exclude-namespaces={{ include "portcullis.excludeNamespaces" . }}
{{- end }}

{{- define "portcullis.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "portcullis.policiesMount" -}}
{{- if .Values.policies.configMap }}
- {name: policies, mountPath: /etc/portcullis/policies, readOnly: true}
{{- end }}
{{- end }}

{{- define "portcullis.policiesVolume" -}}
{{- if .Values.policies.configMap }}
- name: policies
  configMap: {name: {{ .Values.policies.configMap | quote }}}
{{- end }}
{{- end }}

{{/* Probes on the second port. Call with the seconds that a start may take. */}}
{{- define "portcullis.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: metrics}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 3
{{- end }}

{{/* Over zones and nodes, where there are several: call with (list . "gateway"). */}}
{{- define "portcullis.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "portcullis.selector" $ | nindent 6 }}
{{- end }}
{{- end }}

{{- define "portcullis.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Who may scrape. */}}
{{- define "portcullis.metricsIngress" }}
- ports: [{port: metrics, protocol: TCP}]
  {{- with .Values.metrics.from }}
  from:
    # The controllers ask the gateways who asks them.
    - podSelector:
        matchLabels:
          {{- include "portcullis.selector" (list $ "controller") | nindent 10 }}
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Nowhere but to the API servers, where it is known where they are. */}}
{{- define "portcullis.egress" }}
{{- if .Values.apiServer.cidrs }}
egress:
  - to:
      {{- range .Values.apiServer.cidrs }}
      - ipBlock: {cidr: {{ . | quote }}}
      {{- end }}
  - to:
      - podSelector:
          matchLabels:
            {{- include "portcullis.selector" (list . "gateway") | nindent 12 }}
    ports: [{port: metrics, protocol: TCP}]
  {{- with .Values.networkPolicy.extraEgress }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Runs before anything of the release goes. */}}
{{- define "portcullis.hook" }}
helm.sh/hook: pre-delete
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
