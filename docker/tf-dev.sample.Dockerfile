# Build image of the `sample` profile: Debian with the distribution's own Bazel, for the small workspace in serving/sample.
# The base is a debootstrapped bookworm whose sources.list already names the mirror.
# Nothing of ours is built here: sources come in a volume at /sources, caches in volumes below /bazel.
ARG BASE

# What both stages below begin with: apt and the certificates.
FROM ${BASE} AS trusting

# The host's CA bundle, for networks whose proxy re-signs TLS; an empty file changes nothing. Apt reads it directly until
# the certificate tools are there. It may stay: this image is never shipped.
COPY ca-bundle.crt /etc/ssl/ca-bundle.crt
RUN if [ -s /etc/ssl/ca-bundle.crt ]; then \
        echo 'Acquire::https::CAInfo "/etc/ssl/ca-bundle.crt";' > /etc/apt/apt.conf.d/ca-bundle; \
    fi

# The dpkg switches save what a build image need not have: a disk flush a file, manuals.
# From here on the bundle is part of the system's store. update-ca-certificates wants one certificate a file, so the bundle
# is split.
RUN printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/doc/*' \
        > /etc/dpkg/dpkg.cfg.d/build-image \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* \
 && if [ -s /etc/ssl/ca-bundle.crt ]; then \
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


# TensorFlow's C API comes out of the Python wheel, the only place where a package client finds it ready made.
FROM trusting AS tensorflow

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        binutils \
        libcpp-httplib0.11 \
        python3-pip \
        unzip \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/*

# One step, so that the wheel is in no layer. Stripping takes 200 MB off; -p keeps the wheel's file times.
# The headers are c_api.h and all that it includes; as the compiler's own, they are no input that Bazel must be told of.
RUN mkdir -p /tmp/wheel /opt/serving/lib && cd /tmp/wheel \
 && echo 'tensorflow-cpu==2.21.0 --hash=sha256:2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c' \
        > requirements.txt \
 && pip download --no-cache-dir --no-deps --require-hashes --only-binary=:all: \
        --python-version=3.11 --implementation=cp --abi=cp311 --platform=manylinux_2_27_x86_64 -r requirements.txt \
 && unzip -q *.whl \
        tensorflow/libtensorflow_cc.so.2 \
        tensorflow/libtensorflow_framework.so.2 \
        tensorflow/include/tensorflow/c/c_api.h \
        tensorflow/include/tensorflow/c/c_api_macros.h \
        tensorflow/include/tensorflow/c/tf_attrtype.h \
        tensorflow/include/tensorflow/c/tf_buffer.h \
        tensorflow/include/tensorflow/c/tf_datatype.h \
        tensorflow/include/tensorflow/c/tf_status.h \
        tensorflow/include/tensorflow/c/tf_tensor.h \
        tensorflow/include/tensorflow/c/tf_tstring.h \
        tensorflow/include/tensorflow/core/platform/ctstring.h \
        'tensorflow/include/tsl/platform/ctstring*.h' \
        tensorflow/include/xla/tsl/c/tsl_status.h \
 && strip -p tensorflow/*.so.2 \
 && mv tensorflow/*.so.2 /opt/serving/lib/ \
 && cp -a tensorflow/include/. /usr/local/include/ \
 && sed 's/==/\t/; s/ .*/\tpypi/' requirements.txt > /opt/serving/packages.tsv \
 && rm -rf /tmp/wheel

# The HTTP library and what it needs that a minimal Debian lacks; packages.tsv says where every file came from.
RUN cd /usr/lib/x86_64-linux-gnu \
 && set -- libcpp-httplib.so.0.11 libssl.so.3 libcrypto.so.3 libbrotlicommon.so.1 libbrotlidec.so.1 libbrotlienc.so.1 \
 && cp -Lp "$@" /opt/serving/lib/ \
 && for library in "$@"; do dpkg -S "$(realpath $library)"; done | cut -d: -f1 | sort -u \
        | xargs dpkg-query -W -f='${Package}\t${Version}\tdeb\n' >> /opt/serving/packages.tsv \
 && sort -o /opt/serving/packages.tsv /opt/serving/packages.tsv \
 && find /opt/serving \( -type d -o -name packages.tsv \) -exec touch -d @0 {} +


FROM trusting

# bazel-bootstrap depends on build-essential and a headless JDK, so Java comes with it; g++ is named because we need it.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        bazel-bootstrap \
        g++ \
        libcpp-httplib-dev \
        nlohmann-json3-dev \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/*

# All that goes with the server into the serving image, and nothing else: a tree that is laid over that image's root as it
# is, its folders' times included, so that the same libraries are the same layer.
COPY --from=tensorflow /opt/serving/ /opt/serving-root/opt/serving/
COPY --from=tensorflow /usr/local/include /usr/local/include
RUN ln -s serving-root/opt/serving /opt/serving \
 && touch -d @0 /opt/serving-root /opt/serving-root/opt /opt/serving-root/opt/serving

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
