# The service alone; docker-compose.yml puts a PostgreSQL beside it.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# Both caches outlive the build, so a change compiles this crate and no dependency. They are no part of
# the image: the binary is copied out in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --features jemalloc --bin iuc \
    && install -D target/release/iuc /out/iuc

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin iuc \
    && install -d -o 10001 -g 10001 /var/lib/iuc/files
COPY --from=build /out/iuc /usr/local/bin/iuc
COPY data/programme /usr/share/iuc/programme
COPY LICENSE-MIT LICENSE-APACHE src/action_plans/document/fonts/OFL.txt /usr/share/doc/iuc/
# By number, so that an orchestrator can see that it is not root.
USER 10001
# Without DATABASE_URL it refuses to serve: this image has no PostgreSQL of its own to start.
ENV IUC_BIND=0.0.0.0:8080 IUC_FILES=/var/lib/iuc/files
EXPOSE 8080
# SIGTERM drains and ends it (docker stop).
STOPSIGNAL SIGTERM
# Liveness, not readiness: a database that is away
# is no reason to restart the service.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["iuc", "health"]
ENTRYPOINT ["iuc"]
CMD ["serve"]
