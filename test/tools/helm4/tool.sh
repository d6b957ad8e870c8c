package=helm.sh/helm/v4/cmd/helm
module=helm.sh/helm/v4
version_variable=helm.sh/helm/v4/internal/version.version
