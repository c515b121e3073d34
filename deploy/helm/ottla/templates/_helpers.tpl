{{- define "ottla.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 40 characters leave room for what names of pods and Services add. */}}
{{- define "ottla.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "ottla.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ottla.selector" -}}
app.kubernetes.io/name: {{ include "ottla.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ottla.metadata" -}}
{{ include "ottla.metadataWith" (dict "root" . "annotations" dict "labels" dict) }}
{{- end -}}

{{/* (dict "root" $ "annotations" … "labels" …) */}}
{{- define "ottla.metadataWith" -}}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ottla.labels" .root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (deepCopy .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "ottla.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "ottla.selector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ottla.image" -}}
{{- $repository := .Values.image.repository -}}
{{- if .Values.image.registry }}{{ $repository = printf "%s/%s" .Values.image.registry $repository }}{{ end -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "ottla.serviceAccount" -}}
{{- if .Values.serviceAccount.name }}{{ .Values.serviceAccount.name }}{{ else if .Values.serviceAccount.create }}{{ include "ottla.fullname" . }}{{ else }}default{{ end -}}
{{- end -}}

{{/* The name of the headless Service in the DNS; a pod's is below it. */}}
{{- define "ottla.domain" -}}
{{ include "ottla.fullname" . }}-headless.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{- define "ottla.bootstrap" -}}
{{ include "ottla.fullname" . }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{/* An odd number of voters, no more than pods. */}}
{{- define "ottla.voters" -}}
{{- $most := min (int .Values.quorum.voters) (int .Values.replicaCount) -}}
{{- if eq (mod $most 2) 0 }}{{ sub $most 1 }}{{ else }}{{ $most }}{{ end -}}
{{- end -}}

{{/* What a listener speaks: (dict "root" $ "listener" "internal"). */}}
{{- define "ottla.protocol" -}}
{{- $listener := index .root.Values.listeners .listener -}}
{{- $tls := .root.Values.tls.enabled -}}
{{- if not (kindIs "invalid" $listener.tls) }}{{ $tls = $listener.tls }}{{ end -}}
{{- $sasl := .root.Values.auth.sasl.enabled -}}
{{- if not (kindIs "invalid" $listener.sasl) }}{{ $sasl = $listener.sasl }}{{ end -}}
{{- if and $tls $sasl }}SASL_SSL{{ else if $tls }}SSL{{ else if $sasl }}SASL_PLAINTEXT{{ else }}PLAINTEXT{{ end -}}
{{- end -}}

{{- define "ottla.listenerNames" -}}
internal controller{{ if .Values.externalAccess.enabled }} external{{ end }}
{{- end -}}

{{- define "ottla.protocols" -}}
{{- $root := . -}}
{{- range splitList " " (include "ottla.listenerNames" .) -}}
{{ include "ottla.protocol" (dict "root" $root "listener" .) }} {{ end -}}
{{- end -}}

{{/* Empty where no listener speaks TLS, or asks for SASL. */}}
{{- define "ottla.hasTls" -}}
{{- if contains "SSL" (include "ottla.protocols" .) }}yes{{ end -}}
{{- end -}}
{{- define "ottla.hasSasl" -}}
{{- if contains "SASL" (include "ottla.protocols" .) }}yes{{ end -}}
{{- end -}}

{{- define "ottla.tlsSecret" -}}
{{- if .Values.tls.certManager.enabled }}{{ include "ottla.fullname" . }}-tls{{ else }}{{ required "tls: name a Secret in tls.existingSecret, or let tls.certManager issue the certificate" .Values.tls.existingSecret }}{{ end -}}
{{- end -}}

{{- define "ottla.usersSecret" -}}
{{- default (printf "%s-users" (include "ottla.fullname" .)) .Values.auth.sasl.existingSecret -}}
{{- end -}}

{{/* What a pod is advertised as outside, with the words that the broker replaces (docs/configuration.md, ottla.pod.name). */}}
{{- define "ottla.externalAddress" -}}
{{- $access := .Values.externalAccess -}}
{{- $pods := int .Values.replicaCount -}}
{{- $host := "" -}}
{{- if $access.addresses -}}
{{- if lt (len $access.addresses) $pods }}{{ fail (printf "externalAccess.addresses has %d entries for %d pods" (len $access.addresses) $pods) }}{{ end -}}
{{- $host = ternary (first $access.addresses) (printf "{%s}" (join "|" $access.addresses)) (eq (len $access.addresses) 1) -}}
{{- else if $access.domain -}}
{{- $host = printf "{pod}.%s" $access.domain -}}
{{- else if eq $access.type "NodePort" -}}
{{- $host = "$(OTTLA_NODE_ADDRESS)" -}}
{{- else -}}
{{- fail (printf "externalAccess: with %s, set domain or addresses" $access.type) -}}
{{- end -}}
{{- $port := "" -}}
{{- if eq $access.type "NodePort" -}}
{{- if lt (len $access.nodePorts) $pods }}{{ fail (printf "externalAccess.nodePorts has %d entries for %d pods" (len $access.nodePorts) $pods) }}{{ end -}}
{{- $ports := list }}{{ range $access.nodePorts }}{{ $ports = append $ports (toString (int .)) }}{{ end -}}
{{- $port = ternary (first $ports) (printf "{%s}" (join "|" $ports)) (eq (len $ports) 1) -}}
{{- else if eq $access.type "TLSRoute" -}}
{{- if not (contains "SSL" (include "ottla.protocol" (dict "root" . "listener" "external"))) }}{{ fail "externalAccess: TLSRoute needs TLS on the external listener" }}{{ end -}}
{{- if not $access.domain }}{{ fail "externalAccess: TLSRoute needs domain" }}{{ end -}}
{{- $port = toString (default 443 (int $access.advertisedPort)) -}}
{{- else -}}
{{- $port = toString (default (int .Values.listeners.external.port) (int $access.advertisedPort)) -}}
{{- end -}}
{{ $host }}:{{ $port }}
{{- end -}}

{{/* The certificate's names: every pod, the Services, and what pods are advertised as outside. */}}
{{- define "ottla.dnsNames" -}}
- localhost
- {{ include "ottla.bootstrap" . }}
- {{ printf "%s.%s" (include "ottla.fullname" .) .Release.Namespace }}
- {{ printf "*.%s" (include "ottla.domain" .) | quote }}
{{- with .Values.externalAccess }}
{{- if and .enabled .domain }}
- {{ printf "*.%s" .domain | quote }}
{{- end }}
{{- end }}
{{- range .Values.tls.certManager.dnsNames }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The broker's properties as a YAML map; config wins. */}}
{{- define "ottla.properties" -}}
{{- $root := . -}}
{{- $p := dict -}}
{{- $map := list -}}
{{- range splitList " " (include "ottla.listenerNames" .) -}}
{{- $map = append $map (printf "%s:%s" (upper .) (include "ottla.protocol" (dict "root" $root "listener" .))) -}}
{{- end -}}
{{- $_ := set $p "listener.security.protocol.map" (join "," $map) -}}
{{- $_ := set $p "inter.broker.listener.name" "INTERNAL" -}}
{{- $_ := set $p "controller.listener.names" "CONTROLLER" -}}
{{- $_ := set $p "ottla.pod.service" (include "ottla.domain" .) -}}
{{- $_ := set $p "ottla.quorum.pods" (include "ottla.voters" .) -}}
{{- $_ := set $p "admin.listeners" (printf "http://:%d" (int .Values.metrics.port)) -}}
{{- $_ := set $p "log.dirs" "/var/lib/kafka/data" -}}
{{- $replicas := min 3 (int .Values.replicaCount) -}}
{{- $_ := set $p "default.replication.factor" $replicas -}}
{{- $_ := set $p "offsets.topic.replication.factor" $replicas -}}
{{- $_ := set $p "min.insync.replicas" (ternary 2 1 (ge $replicas 3)) -}}
{{- if or .Values.topics .Values.authorization.acls -}}
{{- $_ := set $p "ottla.provision.file" "/etc/ottla/provision.json" -}}
{{- end -}}
{{- if include "ottla.hasTls" . -}}
{{- $_ := set $p "ssl.keystore.type" "PEM" -}}
{{- $_ := set $p "ssl.keystore.location" "/run/ottla/tls" -}}
{{- $_ := set $p "ssl.truststore.type" "PEM" -}}
{{- $_ := set $p "ssl.truststore.location" "/run/ottla/tls" -}}
{{- $_ := set $p "ssl.client.auth" .Values.tls.clientAuth -}}
{{- $_ := set $p "ssl.principal.mapping.rules" .Values.tls.principalMappingRules -}}
{{- if .Values.listeners.external.tlsSecret -}}
{{- $_ := set $p "listener.name.external.ssl.keystore.location" "/run/ottla/tls-external" -}}
{{- $_ := set $p "listener.name.external.ssl.truststore.location" "/run/ottla/tls-external" -}}
{{- end -}}
{{- end -}}
{{- if include "ottla.hasSasl" . -}}
{{- $_ := set $p "sasl.enabled.mechanisms" (join "," .Values.auth.sasl.mechanisms) -}}
{{- $_ := set $p "sasl.mechanism.inter.broker.protocol" (first .Values.auth.sasl.mechanisms) -}}
{{- $_ := set $p "sasl.mechanism.controller.protocol" (first .Values.auth.sasl.mechanisms) -}}
{{- $_ := set $p "ottla.sasl.users.dir" "/run/ottla/users" -}}
{{- end -}}
{{- if .Values.authorization.enabled -}}
{{- $_ := set $p "authorizer.class.name" "org.apache.kafka.metadata.authorizer.StandardAuthorizer" -}}
{{- $_ := set $p "allow.everyone.if.no.acl.found" .Values.authorization.allowEveryoneIfNoAclFound -}}
{{- $_ := set $p "super.users" (include "ottla.superUsers" .) -}}
{{- end -}}
{{- range $key, $value := .Values.config -}}
{{- $_ := set $p $key (ternary (join "," $value) $value (kindIs "slice" $value)) -}}
{{- end -}}
{{- toYaml $p -}}
{{- end -}}

{{/* Those of the values, and the brokers', by which they know each other. */}}
{{- define "ottla.superUsers" -}}
{{- $users := .Values.authorization.superUsers -}}
{{- range list "internal" "controller" -}}
{{- $protocol := include "ottla.protocol" (dict "root" $ "listener" .) -}}
{{- if contains "SASL" $protocol -}}
{{- $users = append $users (printf "User:%s" $.Values.auth.sasl.interBrokerUser) -}}
{{- else if and (eq $protocol "SSL") (eq $.Values.tls.clientAuth "required") -}}
{{- $users = append $users (printf "User:%s" (include "ottla.fullname" $)) -}}
{{- else -}}
{{- fail (printf "authorization: on the %s listener nobody is known: turn SASL on there, or TLS with clientAuth required" .) -}}
{{- end -}}
{{- end -}}
{{- join ";" (uniq $users) -}}
{{- end -}}

{{/* As a properties file: numbers without exponents, backslashes and line ends escaped. */}}
{{- define "ottla.propertiesFile" -}}
{{- range $key, $value := include "ottla.properties" . | fromYaml }}
{{ $key }}={{ if kindIs "float64" $value }}{{ if eq $value (floor $value) }}{{ printf "%.0f" $value }}{{ else }}{{ $value }}{{ end }}{{ else }}{{ toString $value | replace "\\" "\\\\" | replace "\n" "\\n" }}{{ end }}
{{- end }}
{{- end -}}
