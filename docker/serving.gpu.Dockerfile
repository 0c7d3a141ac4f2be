# Serving image for GPUs: as for CPUs (see serving.cpu.Dockerfile), and CUDA's libraries, which the server opens by name
# while it runs. The driver's own libraries are the host's: its container runtime puts them in, by the variables below.
ARG BASE
ARG LIBRARIES_FROM
FROM ${LIBRARIES_FROM} AS libraries

FROM ${BASE} AS root
# CUDA's packages of this profile, by version.
ARG PACKAGES=""
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        busybox-static ca-certificates ${PACKAGES} \
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
# Patterns of libraries that no linker sees.
ARG OPENED_LIBRARIES=""
RUN sh /build/serving-root.sh /build /image

# Settings first: the classic builder makes a container of each, but not while nothing above it changes.
FROM scratch
ENV PATH=/usr/local/bin:/bin \
    LANG=C.UTF-8 \
    LD_LIBRARY_PATH=/usr/local/cuda/lib64 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 65532:65532
WORKDIR /
EXPOSE 8500 8501
ENTRYPOINT ["/entrypoint.sh"]
ARG LIBRARIES
COPY --from=libraries ${LIBRARIES}/ /
COPY --from=root /image/base/ /
COPY --from=root /image/server/ /
