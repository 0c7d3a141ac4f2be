# Serving image for CPUs: the proven server, what it needs to run, and nothing of what built it.
#
# Three layers, the one that changes least at the bottom, so that all variants share the two below and a push moves only
# the servers: libraries that come with a server, what the serving base gives, the server itself.
ARG BASE
ARG LIBRARIES_FROM
FROM ${LIBRARIES_FROM} AS libraries

# Here the distribution's own tools find out what the server needs. Nobody ever runs this stage.
FROM ${BASE} AS root
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends busybox-static ca-certificates \
 && rm -rf /var/lib/apt/lists/*
# What stays of this stage is the checkout's to clean up; the packages above are shared by all.
ARG CHECKOUT
LABEL tf-serving-xtask.image-checkout=${CHECKOUT}
# Without a library folder this is /srv, which is empty in every base.
ARG LIBRARIES
COPY --from=libraries ${LIBRARIES}/ /
COPY serving-root.sh entrypoint.sh /build/
COPY servers/ /build/servers/
ARG SOURCE_DATE_EPOCH
ARG HOST_LIBRARIES=""
RUN sh /build/serving-root.sh /build /image

# Settings first: the classic builder makes a container of each, but not while nothing above it changes.
FROM scratch
ENV PATH=/usr/local/bin:/bin \
    LANG=C.UTF-8
# The conventional number of a user who owns nothing: Kubernetes can tell that it is not root only by a number.
USER 65532:65532
WORKDIR /
# gRPC and REST.
EXPOSE 8500 8501
ENTRYPOINT ["/entrypoint.sh"]
ARG LIBRARIES
COPY --from=libraries ${LIBRARIES}/ /
COPY --from=root /image/base/ /
COPY --from=root /image/server/ /
