package=.
module=k8s.io/api
version_variable=main.version
