# Build image of the `sample` profile: Debian with the distribution's own Bazel, for the small workspace in serving/sample.
# The base is a debootstrapped bookworm whose sources.list already names the mirror.
# Nothing is built or fetched here: sources come in a volume at /sources, caches in volumes below /bazel.
ARG BASE
FROM ${BASE}

# The host's CA bundle, for networks whose proxy re-signs TLS; an empty file changes nothing. Apt reads it directly until
# the certificate tools are there. It may stay: this image is never shipped.
COPY ca-bundle.crt /etc/ssl/ca-bundle.crt
RUN if [ -s /etc/ssl/ca-bundle.crt ]; then \
        echo 'Acquire::https::CAInfo "/etc/ssl/ca-bundle.crt";' > /etc/apt/apt.conf.d/ca-bundle; \
    fi

# bazel-bootstrap depends on build-essential and a headless JDK, so Java comes with it; g++ is named because we need it.
# The dpkg switches save what a build image need not have: a disk flush a file, manuals.
RUN printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/doc/*' \
        > /etc/dpkg/dpkg.cfg.d/build-image \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        bazel-bootstrap \
        ca-certificates \
        g++ \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/*

# From here on the bundle is part of the system's store, Java's keystore included. update-ca-certificates wants one
# certificate a file, so the bundle is split.
RUN if [ -s /etc/ssl/ca-bundle.crt ]; then \
        awk '/BEGIN CERTIFICATE/ { file = sprintf("/usr/local/share/ca-certificates/host-%03d.crt", ++n) } \
             file { print > file } \
             /END CERTIFICATE/ { close(file); file = "" }' /etc/ssl/ca-bundle.crt \
     && update-ca-certificates \
     && rm /etc/apt/apt.conf.d/ca-bundle; \
    fi
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    CURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    GIT_SSL_CAINFO=/etc/ssl/certs/ca-certificates.crt

# Bazel's classes as one image that the JVM maps instead of reading a hundred jars: a second less for every start. An empty
# workspace and one action pass through most of them. The flag that uses it is in config.toml.
RUN mkdir /tmp/warm && cd /tmp/warm && touch WORKSPACE \
 && echo 'genrule(name = "warm", outs = ["warm.txt"], cmd = "echo > $@")' > BUILD \
 && bazel --batch --output_base=/tmp/warm-base --host_jvm_args=-XX:TieredStopAtLevel=1 \
        --host_jvm_args=-XX:ArchiveClassesAtExit=/opt/bazel.jsa build --spawn_strategy=standalone --disk_cache=/tmp/warm-cache \
        //:warm > /tmp/warm.log 2>&1 \
 && test -s /opt/bazel.jsa \
 && rm -rf /tmp/warm*

# Compilers word their messages by the locale; ours are parsed, so it is fixed.
ENV LANG=C.UTF-8
WORKDIR /sources
