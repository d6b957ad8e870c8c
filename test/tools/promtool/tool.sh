package=github.com/prometheus/prometheus/cmd/promtool
module=github.com/prometheus/prometheus
version_variable=github.com/prometheus/common/version.Version
