{{/* What the pods of this release may talk to, ports taken from the settings. */}}

{{- define "pipeline.networkPolicy" -}}
{{- $policy := .Values.networkPolicy -}}
{{- $sitecore := dig "sitecore" "endpoint" "https://api-engage-eu.sitecorecloud.io" .Values.settings -}}
{{- $proxy := dig "sitecore" "proxy" "" .Values.settings -}}
podSelector:
  matchLabels:
    {{- include "pipeline.selectorLabels" (dict "root" .) | nindent 4 }}
policyTypes: [Ingress, Egress]
ingress:
  - ports:
      - port: metrics
        protocol: TCP
    {{- with $policy.metricsFrom }}
    from:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- with $policy.extraIngress }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
egress:
  - ports:
      - port: 53
        protocol: UDP
      - port: 53
        protocol: TCP
    {{- with $policy.dnsTo }}
    to:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- include "pipeline.egress" (dict "ports" (include "pipeline.kafkaPorts" . | fromYamlArray) "to" $policy.kafkaTo) | nindent 2 }}
  {{- with .Values.settings.registry }}
  {{- include "pipeline.egress" (dict "ports" (list (include "pipeline.portOf" .url)) "to" $policy.registryTo) | nindent 2 }}
  {{- end }}
  {{- include "pipeline.egress" (dict "ports" (list (include "pipeline.portOf" (default $sitecore $proxy))) "to" $policy.sitecoreTo) | nindent 2 }}
  {{- with $policy.extraEgress }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* One rule. Takes ports and, where it is not anywhere, to. */}}
{{- define "pipeline.egress" -}}
- ports:
    {{- range .ports }}
    - port: {{ . | int }}
      protocol: TCP
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "pipeline.kafkaPorts" -}}
{{- $ports := list -}}
{{- range dig "kafka" "bootstrap_servers" "" .Values.settings | splitList "," -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" (trim .) | trimPrefix ":" | default "9092" | int) -}}
{{- end -}}
{{- default ($ports | uniq) .Values.networkPolicy.kafkaPorts | toYaml -}}
{{- end -}}

{{/* The port of an address, told or by its scheme. */}}
{{- define "pipeline.portOf" -}}
{{- $url := urlParse . -}}
{{- $usual := eq $url.scheme "http" | ternary "80" "443" -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default $usual -}}
{{- end -}}
