{{- define "pombo.name" -}}
{{- if contains "pombo" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-pombo" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "pombo.selector" -}}
app.kubernetes.io/name: pombo
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pombo.labels" -}}
{{ include "pombo.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "pombo.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "pombo.secret" -}}
{{ .Values.existingSecret | default (include "pombo.name" .) }}
{{- end }}

{{- define "pombo.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "pombo.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{/* Which secrets there are, as a list of variables in JSON. */}}
{{- define "pombo.secretKeys" -}}
{{- if .Values.existingSecret }}
{{- .Values.existingSecretKeys | toJson }}
{{- else }}
{{- $keys := list "DATABASE_URL" "POMBO_ENCRYPTION_KEYS" }}
{{- if .Values.secret.apiKey }}{{ $keys = append $keys "POMBO_API_KEY" }}{{ end }}
{{- if .Values.secret.metricsToken }}{{ $keys = append $keys "POMBO_METRICS_TOKEN" }}{{ end }}
{{- $keys | toJson }}
{{- end }}
{{- end }}

{{- define "pombo.env" -}}
- name: POMBO_LISTEN
  value: 0.0.0.0:8071
{{- range include "pombo.secretKeys" . | fromJsonArray }}
- name: {{ . }}_FILE
  value: /run/secrets/pombo/{{ . }}
{{- end }}
{{- range $name, $value := .Values.config }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- define "pombo.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "pombo.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "pombo.mounts" -}}
- name: secrets
  mountPath: /run/secrets/pombo
  readOnly: true
- name: tmp
  mountPath: /tmp
- name: data
  mountPath: /var/lib/pombo
{{- end }}

{{- define "pombo.volumes" -}}
- name: secrets
  secret:
    secretName: {{ include "pombo.secret" . }}
    defaultMode: 0440
- name: tmp
  emptyDir: {}
- name: data
  emptyDir: {}
{{- end }}
