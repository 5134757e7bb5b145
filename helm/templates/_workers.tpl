{{/* Which workers there are, and what each is told. */}}

{{- define "pipeline.workers" -}}
{{- $names := list "assemble" "deliver" -}}
{{- if .Values.rekey.enabled -}}
{{- $names = append $names "rekey" -}}
{{- end -}}
{{- toYaml $names -}}
{{- end -}}

{{/* What holds for one worker. Takes root and component. */}}
{{- define "pipeline.worker" -}}
{{- mergeOverwrite (deepCopy .root.Values.workers) (deepCopy (index .root.Values .component)) | toYaml -}}
{{- end -}}

{{/* The settings file, with what the chart itself knows: the client key is for deliver and for
checks alone. Takes root and, for one worker's own, component; without it those of all. */}}
{{- define "pipeline.settings" -}}
{{- $settings := deepCopy .root.Values.settings -}}
{{- $worker := .root.Values.workers -}}
{{- if .component -}}
{{- $worker = include "pipeline.worker" . | fromYaml -}}
{{- $settings = mergeOverwrite $settings (deepCopy $worker.settings) -}}
{{- end -}}
{{- $known := dict "server" (dict "grace_s" $worker.terminationGracePeriodSeconds) -}}
{{- if has .component (list "assemble" "rekey") | not -}}
{{- $_ := set $known "sitecore" (dict "client_key_file" "/etc/pipeline/client-key/client-key") -}}
{{- end -}}
{{- mergeOverwrite $settings $known | toYaml -}}
{{- end -}}

{{/* The port that every worker answers on. */}}
{{- define "pipeline.port" -}}
{{- dig "server" "port" 9464 .Values.settings | int -}}
{{- end -}}

{{/* Whether anything is named that belongs into the directory of secret settings. */}}
{{- define "pipeline.hasSecretSettings" -}}
{{- with .Values.secretSettings -}}
{{- if or .existingSecrets .items .trialValues -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether values hold a secret, which a trial's Secret then carries. */}}
{{- define "pipeline.hasTrialSecret" -}}
{{- if or .Values.clientKey.trialValue .Values.secretSettings.trialValues -}}true{{- end -}}
{{- end -}}

{{- define "pipeline.trialSecret" -}}
{{- $data := deepCopy .Values.secretSettings.trialValues -}}
{{- with .Values.clientKey.trialValue -}}
{{- $_ := set $data "client-key" . -}}
{{- end -}}
type: Opaque
stringData:
  {{- toYaml $data | nindent 2 }}
{{- end -}}
