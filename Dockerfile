# Two stages: Go compiles, and the image that runs holds one static binary, root certificates and time zones.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src

# Modules first: they change less often than the code, so their layer is kept.
COPY go.mod go.sum ./
RUN go mod download

COPY . .
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/syncer ./cmd/syncer

# nonroot is user 65532. syncer writes nothing to disk here, so a read-only root file system is fine.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/syncer /syncer
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/syncer", "health"]
ENTRYPOINT ["/syncer"]
CMD ["run"]
