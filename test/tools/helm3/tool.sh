package=helm.sh/helm/v3/cmd/helm
module=helm.sh/helm/v3
version_variable=helm.sh/helm/v3/internal/version.version
