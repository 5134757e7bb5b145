{{/* What all pods of this chart have in common: who they are, what they may, what they read. */}}

{{/* The pod's side. Takes root, worker (what holds for it), and the names of its objects:
serviceAccount, settings, trialSecret; file, its key among the settings; and clientKey, whether it
needs that. */}}
{{- define "pipeline.podSpec" -}}
serviceAccountName: {{ .serviceAccount }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .worker.podSecurityContext | nindent 2 }}
{{- with .worker.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .worker.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .worker.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  {{- include "pipeline.volumes" . | nindent 2 }}
{{- end -}}

{{- define "pipeline.volumes" -}}
- name: settings
  configMap:
    name: {{ .settings }}
    defaultMode: 0444
    items:
      - key: {{ .file }}
        path: settings.yaml
{{- if .clientKey }}
- name: client-key
  secret:
    defaultMode: 0444
    {{- if .root.Values.clientKey.trialValue }}
    secretName: {{ .trialSecret }}
    items:
      - key: client-key
        path: client-key
    {{- else }}
    secretName: {{ .root.Values.clientKey.existingSecret }}
    items:
      - key: {{ .root.Values.clientKey.key }}
        path: client-key
    {{- end }}
{{- end }}
{{- if include "pipeline.hasSecretSettings" .root }}
- name: secret-settings
  projected:
    defaultMode: 0444
    sources:
      {{- include "pipeline.secretSources" . | nindent 6 }}
{{- end }}
{{- range $name, $source := .root.Values.files }}
- name: file-{{ $name }}
  {{- with $source.secret }}
  secret:
    secretName: {{ . }}
    defaultMode: 0444
  {{- end }}
  {{- with $source.configMap }}
  configMap:
    name: {{ . }}
    defaultMode: 0444
  {{- end }}
{{- end }}
{{- with .worker.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pipeline.secretSources" -}}
{{- range .root.Values.secretSettings.existingSecrets }}
- secret:
    name: {{ . }}
{{- end }}
{{- range .root.Values.secretSettings.items }}
- secret:
    name: {{ .secret }}
    items:
      - key: {{ .key }}
        path: {{ .setting }}
{{- end }}
{{- with .root.Values.secretSettings.trialValues }}
- secret:
    name: {{ $.trialSecret }}
    items:
      {{- range $name, $_ := . }}
      - key: {{ $name }}
        path: {{ $name }}
      {{- end }}
{{- end }}
{{- end -}}

{{/* The container's side of the same. */}}
{{- define "pipeline.container" -}}
image: {{ include "pipeline.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- toYaml .worker.containerSecurityContext | nindent 2 }}
env:
  - name: PIPELINE_CONFIG
    value: /etc/pipeline/settings/settings.yaml
  {{- if include "pipeline.hasSecretSettings" .root }}
  - name: PIPELINE_SECRETS_DIR
    value: /etc/pipeline/secret-settings
  {{- end }}
  - name: PIPELINE_INSTANCE
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  {{- with .worker.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .worker.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - name: settings
    mountPath: /etc/pipeline/settings
    readOnly: true
  {{- if .clientKey }}
  - name: client-key
    mountPath: /etc/pipeline/client-key
    readOnly: true
  {{- end }}
  {{- if include "pipeline.hasSecretSettings" .root }}
  - name: secret-settings
    mountPath: /etc/pipeline/secret-settings
    readOnly: true
  {{- end }}
  {{- range $name, $_ := .root.Values.files }}
  - name: file-{{ $name }}
    mountPath: /etc/pipeline/files/{{ $name }}
    readOnly: true
  {{- end }}
  {{- with .worker.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
