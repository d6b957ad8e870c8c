# The image of gateway and controller: two stages, so that what builds is not what runs.
#   docker build -t portcullis .
# Both bases can be replaced, by a mirror or by a digest: --build-arg RUNTIME_IMAGE=registry.example.com/nodejs24@sha256:…
ARG BUILD_IMAGE=docker.io/library/node:24-trixie-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package of ours needs a script of its own to be installed; the image's Node builds.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY policies policies
RUN PATH="$PWD/node_modules/.bin:$PATH" node scripts/build.mjs
RUN npm prune --omit=dev --ignore-scripts
# What the image is made of, for scanners (CycloneDX): what is installed by now. npm misses the dev dependencies otherwise.
RUN npm pkg delete devDependencies && npm sbom --omit=dev --sbom-format=cyclonedx > sbom.cdx.json

# No shell, no package manager, no root.
FROM ${RUNTIME_IMAGE}
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json /app/sbom.cdx.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/policies policies
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main/portcullis.js"]
CMD ["--help"]
