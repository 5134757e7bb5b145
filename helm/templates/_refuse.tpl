{{/* What would install and then not work is refused, all of it at once, a sentence each. */}}

{{- define "pipeline.refuse" -}}
{{- $said := list -}}
{{- range list "required" "secrets" "owned" "times" "scale" "rekey" "pods" "monitoring" -}}
{{- $said = concat $said (include (printf "pipeline.refuse.%s" .) $ | splitList "\n") -}}
{{- end -}}
{{- with compact $said | uniq -}}
{{- printf "these values cannot work:\n- %s" (join "\n- " .) | fail -}}
{{- end -}}
{{- end -}}

{{/* Each of the following prints a sentence a line, or nothing. */}}

{{- define "pipeline.refuse.required" -}}
{{- if not .Values.image.repository }}
image.repository is empty: say where you pushed the image.
{{- end }}
{{- if not (dig "kafka" "bootstrap_servers" "" .Values.settings) }}
settings.kafka.bootstrap_servers is empty: name a broker, such as kafka:9092.
{{- end }}
{{- if not (dig "sitecore" "points_of_sale" list .Values.settings) }}
settings.sitecore.points_of_sale is empty: name every point of sale of the tenant, or all events are refused.
{{- end }}
{{- if not (or .Values.clientKey.existingSecret .Values.clientKey.trialValue) }}
clientKey.existingSecret is empty: name the Secret that holds Sitecore's client key.
{{- end }}
{{- end -}}

{{- define "pipeline.refuse.secrets" -}}
{{- $settings := .Values.settings -}}
{{- if and .Values.clientKey.existingSecret .Values.clientKey.trialValue }}
clientKey.existingSecret and clientKey.trialValue are both set: keep one.
{{- end }}
{{- if dig "sitecore" "client_key" "" $settings }}
settings.sitecore.client_key would be readable by all: put it into a Secret and name that in clientKey.existingSecret.
{{- end }}
{{- if dig "kafka" "secrets" "" $settings }}
settings.kafka.secrets would be readable by all: put them into a Secret, under keys like kafka__secrets__sasl.password, and name that in secretSettings.existingSecrets.
{{- end }}
{{- range $name, $_ := dig "kafka" "client" dict $settings }}
{{- if regexMatch "password|passphrase|secret|key[.]pem|sasl[.]jaas" $name }}
settings.kafka.client names {{ $name }}, which would be readable by all: put it into a Secret, under the key kafka__secrets__{{ $name }}, and name that in secretSettings.existingSecrets.
{{- end }}
{{- end }}
{{- range $name, $_ := dig "client" dict ($settings.registry | default dict) }}
{{- if regexMatch "password|secret|auth[.]token|user[.]info" $name }}
settings.registry.client names {{ $name }}, which would be readable by all: put it into a Secret, under the key registry__secrets__{{ $name }}, and name that in secretSettings.existingSecrets.
{{- end }}
{{- end }}
{{- if dig "secrets" "" ($settings.registry | default dict) }}
settings.registry.secrets would be readable by all: put them into a Secret, under keys like registry__secrets__bearer.auth.token, and name that in secretSettings.existingSecrets.
{{- end }}
{{- if dig "password" "" ($settings.registry | default dict) }}
settings.registry.password would be readable by all: put it into a Secret, under the key registry__password, and name that in secretSettings.existingSecrets.
{{- end }}
{{- $told := keys .Values.secretSettings.trialValues -}}
{{- range .Values.secretSettings.items -}}
{{- $told = append $told .setting -}}
{{- end -}}
{{- range $told | uniq }}
{{- if or (eq . "sitecore__client_key") (eq . "sitecore__client_key_file") }}
secretSettings names {{ . }}: the client key has a place of its own, clientKey.
{{- end }}
{{- end }}
{{- if ne (len $told) (len (uniq $told)) }}
secretSettings names one setting twice: keep one.
{{- end }}
{{- end -}}

{{- define "pipeline.refuse.owned" -}}
{{- $settings := .Values.settings -}}
{{- if $settings.instance }}
settings.instance is the same for every pod, and two workers with one name end each other: remove it, each is named after its pod.
{{- end }}
{{- if dig "sitecore" "client_key_file" "" $settings }}
settings.sitecore.client_key_file is said by the chart: remove it, and use clientKey.
{{- end }}
{{- if hasKey ($settings.server | default dict) "grace_s" }}
settings.server.grace_s is said by the chart: remove it, and use workers.terminationGracePeriodSeconds.
{{- end }}
{{- if eq 0 (include "pipeline.port" . | int) }}
settings.server.port is 0: probes and Prometheus need a port that stays.
{{- end }}
{{- if has (dig "server" "host" "" $settings) (list "127.0.0.1" "::1" "localhost") }}
settings.server.host is {{ $settings.server.host }}: probes come from outside the pod; remove it.
{{- end }}
{{- range $component := include "pipeline.workers" . | fromYamlArray }}
{{- $worker := include "pipeline.worker" (dict "root" $ "component" $component) | fromYaml }}
{{- range $worker.extraEnv }}
{{- if has .name (list "PIPELINE_CONFIG" "PIPELINE_INSTANCE" "PIPELINE_SECRETS_DIR") }}
extraEnv of {{ $component }} names {{ .name }}, which the chart sets: remove it.
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "pipeline.refuse.times" -}}
{{- range $component := include "pipeline.workers" . | fromYamlArray }}
{{- $worker := include "pipeline.worker" (dict "root" $ "component" $component) | fromYaml }}
{{- $settings := include "pipeline.settings" (dict "root" $ "component" $component) | fromYaml }}
{{- $grace := float64 $worker.terminationGracePeriodSeconds }}
{{- $drain := dig "deliver" "drain_s" 20.0 $settings | float64 }}
{{- $request := dig "deliver" "request_timeout_s" 10.0 $settings | float64 }}
{{- $lease := dig "deliver" "lease_s" 20.0 $settings | float64 }}
{{- $session := dig "kafka" "session_timeout_s" 45.0 $settings | float64 }}
{{- if le $grace (addf $drain 20.0) }}
terminationGracePeriodSeconds of {{ $component }} ({{ $grace }}) must be more than settings.deliver.drain_s + 20 ({{ addf $drain 20.0 }}), or stopping is cut short.
{{- end }}
{{- if ge $request $drain }}
settings.deliver.request_timeout_s ({{ $request }}) must be less than settings.deliver.drain_s ({{ $drain }}), or stopping cuts requests that may have arrived.
{{- end }}
{{- if ge (addf $lease $request 5.0) $session }}
settings.deliver.lease_s + request_timeout_s + 5 ({{ addf $lease $request 5.0 }}) must be less than settings.kafka.session_timeout_s ({{ $session }}), or a worker that was frozen sends what another one already has.
{{- end }}
{{- end }}
{{- $idle := dig "assemble" "guest_idle_days" 45.0 .Values.settings | float64 }}
{{- $age := dig "sitecore" "order_age_max_days" 30.0 .Values.settings | float64 }}
{{- if le $idle $age }}
settings.assemble.guest_idle_days ({{ $idle }}) must be more than settings.sitecore.order_age_max_days ({{ $age }}), or a topic that is published again doubles orders.
{{- end }}
{{- $tried := dig "deliver" "give_up_after_s" 86400.0 .Values.settings | float64 }}
{{- $kept := dig "topics" "stream_events_retention_days" 14.0 .Values.settings | float64 }}
{{- if ge $tried (mulf $kept 86400.0) }}
settings.deliver.give_up_after_s must be less than settings.topics.stream_events_retention_days ({{ $kept }}), or Kafka deletes what is still being tried.
{{- end }}
{{- end -}}

{{- define "pipeline.refuse.scale" -}}
{{- $partitions := include "pipeline.partitions" . | int -}}
{{- range $component := list "assemble" "deliver" }}
{{- $worker := include "pipeline.worker" (dict "root" $ "component" $component) | fromYaml }}
{{- with $worker.autoscaling }}
{{- $most := default $partitions .maxReplicaCount | int }}
{{- if and (not .enabled) (gt (int $worker.replicas) $partitions) }}
replicas of {{ $component }} ({{ $worker.replicas }}) are more than settings.topics.partitions ({{ $partitions }}): the rest would be idle.
{{- end }}
{{- if gt $most $partitions }}
autoscaling.maxReplicaCount of {{ $component }} ({{ $most }}) is more than settings.topics.partitions ({{ $partitions }}): the rest would be idle.
{{- end }}
{{- if gt (int .minReplicaCount) $most }}
autoscaling.minReplicaCount of {{ $component }} ({{ .minReplicaCount }}) is more than its maxReplicaCount ({{ $most }}).
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "pipeline.refuse.rekey" -}}
{{- $told := .Values.settings.rekey -}}
{{- if and .Values.rekey.enabled (not $told) }}
rekey.enabled is true, and there is no settings.rekey: name its sources and its target.
{{- end }}
{{- if and $told (not .Values.rekey.enabled) }}
settings.rekey is there, and rekey.enabled is false: nobody would key those topics.
{{- end }}
{{- with $told }}
{{- if not (has .target (dig "topics" "commerce" (list "commerce-events") $.Values.settings)) }}
settings.rekey.target ({{ .target }}) must be one of settings.topics.commerce, or nobody reads it.
{{- end }}
{{- end }}
{{- end -}}

{{- define "pipeline.refuse.pods" -}}
{{- $account := .Values.serviceAccount -}}
{{- if and $account.annotations (not $account.create) }}
serviceAccount.annotations are set, and serviceAccount.create is false: annotate the account that you name, or let the chart create it.
{{- end }}
{{- $named := toJson (list .Values.settings .Values.assemble.settings .Values.deliver.settings .Values.rekey.settings) }}
{{- range regexFindAll "/etc/pipeline/files/[^/\"]*" $named -1 | uniq }}
{{- if not (hasKey $.Values.files (base .)) }}
settings name {{ . }}, and files has no {{ base . }}: say which Secret or ConfigMap holds it.
{{- end }}
{{- end }}
{{- end -}}

{{- define "pipeline.refuse.monitoring" -}}
{{- $each := include "pipeline.milliseconds" .Values.monitoring.interval | int -}}
{{- $most := include "pipeline.milliseconds" .Values.monitoring.scrapeTimeout | int -}}
{{- if and $each (gt $most $each) }}
monitoring.scrapeTimeout ({{ .Values.monitoring.scrapeTimeout }}) is longer than monitoring.interval ({{ .Values.monitoring.interval }}): Prometheus refuses that.
{{- end }}
{{- $alerts := include "pipeline.alerts" . | fromYamlArray -}}
{{- range .Values.monitoring.rules.disabled }}
{{- if not (has . $alerts) }}
monitoring.rules.disabled names {{ . }}, which is no alert of this chart.
{{- end }}
{{- end }}
{{- end -}}

{{/* A duration such as 500ms, 30s or 2m; empty is 0. */}}
{{- define "pipeline.milliseconds" -}}
{{- $number := regexFind "^[0-9]+" . | default "0" | int -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- mul $number (get (dict "ms" 1 "s" 1000 "m" 60000 "" 0) $unit) -}}
{{- end -}}
