# Build image of the `article` profile: what TensorFlow Serving r1.5 needs, on CUDA 9.0, cuDNN 7 and Ubuntu 16.04.
# One image builds all variants, cpu and gpu, as in the article.
# Nothing is built here, and the sources are not in it: they come in a volume at /sources.
ARG BASE
FROM ${BASE}

# The host's CA bundle, for networks whose proxy re-signs TLS; an empty file changes nothing. Apt reads it directly until
# the certificate tools are there. It may stay: this image is never shipped.
COPY ca-bundle.crt /etc/ssl/ca-bundle.crt
RUN if [ -s /etc/ssl/ca-bundle.crt ]; then \
        echo 'Acquire::https::CAInfo "/etc/ssl/ca-bundle.crt";' > /etc/apt/apt.conf.d/ca-bundle; \
    fi

# NVIDIA has replaced the key that signed these two lists, so apt would refuse them; the base holds all of CUDA already.
RUN rm -f /etc/apt/sources.list.d/cuda.list /etc/apt/sources.list.d/nvidia-ml.list

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        build-essential \
        ca-certificates \
        ca-certificates-java \
        curl \
        git \
        libcurl3-dev \
        libfreetype6-dev \
        libpng12-dev \
        libzmq3-dev \
        openjdk-8-jdk-headless \
        pkg-config \
        python-dev \
        python-numpy \
        python-pip \
        python-setuptools \
        python-wheel \
        software-properties-common \
        swig \
        unzip \
        zip \
        zlib1g-dev \
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

# The last releases for Python 2.7. Pip first: the distribution's pip 8 would choose releases that need Python 3.
RUN python -m pip install --no-cache-dir 'pip==20.3.4' \
 && python -m pip install --no-cache-dir \
        'enum34<2' \
        'futures<4' \
        'grpcio<1.40' \
        'mock<4' \
        'protobuf<3.18' \
        'six<2'

# Bazel's own installer. An empty BAZEL_SHA256 skips the check; config.toml should not leave it empty.
ARG BAZEL_VERSION
ARG BAZEL_SHA256=
RUN installer=bazel-${BAZEL_VERSION}-installer-linux-x86_64.sh \
 && curl -fsSL --retry 5 -o /tmp/bazel.sh \
        https://github.com/bazelbuild/bazel/releases/download/${BAZEL_VERSION}/${installer} \
 && if [ -n "${BAZEL_SHA256}" ]; then echo "${BAZEL_SHA256}  /tmp/bazel.sh" | sha256sum -c -; fi \
 && bash /tmp/bazel.sh \
 && rm /tmp/bazel.sh

# Bazel brings its own Java with its own trust; the system's keystore replaces it, so its downloads pass the proxy too.
RUN printf '%s\n' \
        'startup --batch' \
        'startup --host_jvm_args=-Djavax.net.ssl.trustStore=/etc/ssl/certs/java/cacerts' \
        'build --spawn_strategy=standalone --genrule_strategy=standalone' \
        > /etc/bazel.bazelrc

# TensorFlow's configuration looks for cuDNN below the CUDA folder, Debian packages put it elsewhere (tensorflow#8264).
RUN mkdir -p /usr/lib/x86_64-linux-gnu/include \
 && ln -sf /usr/include/cudnn.h /usr/lib/x86_64-linux-gnu/include/cudnn.h \
 && ln -sf /usr/include/cudnn.h /usr/local/cuda/include/cudnn.h \
 && ln -sf /usr/lib/x86_64-linux-gnu/libcudnn.so.7 /usr/local/cuda/lib64/libcudnn.so.7 \
 && ln -sf /usr/lib/x86_64-linux-gnu/libcudnn.so.7 /usr/local/cuda/lib64/libcudnn.so

# CUPTI first: TensorFlow's profiler links against it, and it is in no default library path.
ENV CI_BUILD_PYTHON=python \
    LD_LIBRARY_PATH=/usr/local/cuda/extras/CUPTI/lib64:/usr/local/nvidia/lib:/usr/local/nvidia/lib64 \
    TF_CUDA_COMPUTE_CAPABILITIES=3.0,3.5,5.2,6.0,6.1 \
    TF_CUDA_VERSION=9.0 \
    TF_CUDNN_VERSION=7 \
    TF_NEED_CUDA=1

# Compilers word their messages by the locale; ours are parsed, so it is fixed.
ENV LANG=C.UTF-8
WORKDIR /sources
