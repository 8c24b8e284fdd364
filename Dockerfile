# One file, two images: by default models run on the CPU; `--build-arg ENGINE=cuda` adds the libraries of CUDA.
ARG ENGINE=cpu

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci && touch node_modules/.sqlens-installed
COPY . .
RUN node scripts/setup.mjs

FROM node:22-bookworm-slim AS cpu-packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force

# The same packages with the CUDA engine of ONNX Runtime, which is too large for its npm package.
FROM cpu-packages AS cuda-packages
RUN ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js

FROM node:22-bookworm-slim AS cpu-base

# CUDA 12 and cuDNN 9. Node is one file.
FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04 AS cuda-base
COPY --from=build /usr/local/bin/node /usr/local/bin/node

FROM ${ENGINE}-packages AS packages

FROM ${ENGINE}-base AS serve
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/bin ./bin
COPY --from=build /app/dist ./dist
# --help loads everything that serving needs: a package that production lacks fails the build, not the first start.
RUN node bin/sqlens.cjs serve --help > /dev/null \
  && useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin sqlens \
  && install -d -o sqlens -g sqlens -m 700 /data \
  && install -d -o sqlens -g sqlens /images
USER sqlens
# Nobody outside reaches a container's loopback, so it listens on all addresses and therefore needs
# SQLENS_PASSWORD and SQLENS_HTTP_TOKEN, which the image does not set.
ENV NODE_ENV=production \
    SQLENS_HOST=0.0.0.0 \
    SQLENS_DATA_DIR=/data \
    SQLENS_ALLOW_PATH=/images
VOLUME /data
EXPOSE 5433 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SQLENS_HTTP_PORT || 8080}/healthz`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/sqlens.cjs"]
CMD ["serve"]
