# The web app: a static program and the certificates it trusts, and nothing else.
ARG BASE
FROM ${BASE} AS root
# The same step as in the serving images' recipe, so that a builder does it once for both.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends busybox-static ca-certificates \
 && rm -rf /var/lib/apt/lists/*
# What stays of this stage is the checkout's to clean up; the packages above are shared by all.
ARG CHECKOUT
LABEL tf-serving-xtask.image-checkout=${CHECKOUT}
COPY resizer /build/
ARG SOURCE_DATE_EPOCH
# All times are set, so that equal programs make equal files. The date is a file because a builder's cache compares what
# files hold and not their times.
RUN install -D -m 755 /build/resizer /image/usr/local/bin/resizer \
 && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && mkdir -p /image/usr/share/tf-serving \
 && dpkg-query --show --showformat '${Package}\t${Version}\tdeb\n' ca-certificates > /image/usr/share/tf-serving/packages.tsv \
 && echo "$SOURCE_DATE_EPOCH" > /image/usr/share/tf-serving/source-date \
 && find /image -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# Settings first: the classic builder makes a container of each, but not while nothing above it changes.
FROM scratch
ENV PATH=/usr/local/bin
# The conventional number of a user who owns nothing: Kubernetes can tell that it is not root only by a number.
USER 65532:65532
WORKDIR /
EXPOSE 5051
# There is no shell in here to ask with.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/usr/local/bin/resizer", "health"]
ENTRYPOINT ["/usr/local/bin/resizer"]
COPY --from=root /image/ /
