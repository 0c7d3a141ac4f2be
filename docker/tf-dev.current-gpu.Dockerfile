# Build image of the `current` profile, gpu variants: what TensorFlow Serving r2.20 needs for --config=cuda_clang,
# on CUDA 12.5 and Ubuntu 22.04. The base names NVIDIA's package list; LLVM's is handed in.
# Nothing is built here, and the sources are not in it: they come in a volume at /sources.
ARG BASE
FROM ${BASE}

# The host's CA bundle, for networks whose proxy re-signs TLS; an empty file changes nothing. Apt reads it directly until
# the certificate tools are there. It may stay: this image is never shipped.
COPY ca-bundle.crt /etc/ssl/ca-bundle.crt
RUN if [ -s /etc/ssl/ca-bundle.crt ]; then \
        echo 'Acquire::https::CAInfo "/etc/ssl/ca-bundle.crt";' > /etc/apt/apt.conf.d/ca-bundle; \
    fi

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        automake \
        build-essential \
        ca-certificates \
        ca-certificates-java \
        curl \
        git \
        gnupg \
        libcurl3-dev \
        libfreetype6-dev \
        libpng-dev \
        libtool \
        libzmq3-dev \
        mlocate \
        openjdk-11-jdk-headless \
        pkg-config \
        python-is-python3 \
        python3-dev \
        python3-pip \
        python3-setuptools \
        python3-venv \
        python3-wheel \
        software-properties-common \
        swig \
        unzip \
        wget \
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

# CUDA's development half, cuDNN, NCCL and TensorRT in the versions of config.toml. All static libraries but
# the runtime's are dropped: they are gigabytes, and nothing links them.
ARG CUDA
ARG CUDNN
ARG NCCL
ARG TENSORRT
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        cuda-command-line-tools-${CUDA} \
        cuda-cudart-dev-${CUDA} \
        cuda-cupti-${CUDA} \
        cuda-cupti-dev-${CUDA} \
        cuda-libraries-dev-${CUDA} \
        cuda-nvcc-${CUDA} \
        cuda-nvml-dev-${CUDA} \
        cuda-nvprune-${CUDA} \
        libcudnn9-cuda-12=${CUDNN} \
        libcudnn9-dev-cuda-12=${CUDNN} \
        libnccl-dev=${NCCL} \
        libnccl2=${NCCL} \
        libnvinfer8=${TENSORRT} \
        libnvinfer-dev=${TENSORRT} \
        libnvinfer-headers-dev=${TENSORRT} \
        libnvinfer-headers-plugin-dev=${TENSORRT} \
        libnvinfer-plugin8=${TENSORRT} \
        libnvinfer-plugin-dev=${TENSORRT} \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* \
 && find /usr/local/cuda/lib64/ -type f -name 'lib*_static.a' ! -name libcudart_static.a -delete

# Clang 17 compiles the device code, and Ubuntu 22.04 has none. LLVM_APT is the list's line after "deb", e.g.
# "URL llvm-toolchain-jammy-17 main"; LLVM_APT_KEY the URL of its key. Left empty, Bazel's hermetic compiler must do.
ARG LLVM_APT=
ARG LLVM_APT_KEY=
RUN if [ -n "${LLVM_APT}" ]; then \
        curl -fsSL --retry 5 "${LLVM_APT_KEY}" | gpg --dearmor > /usr/share/keyrings/llvm.gpg \
     && echo "deb [signed-by=/usr/share/keyrings/llvm.gpg] ${LLVM_APT}" > /etc/apt/sources.list.d/llvm.list \
     && apt-get update \
     && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends clang-17 lld-17 llvm-17 \
     && apt-get clean \
     && rm -rf /var/lib/apt/lists/*; \
    fi

RUN python3 -m pip install --no-cache-dir \
        future \
        grpcio \
        h5py \
        keras_applications \
        keras_preprocessing \
        mock \
        numpy \
        portpicker \
        requests \
        six

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

# No driver while building, so its stub stands in for libcuda.so.1 at link time; the build is never run here.
RUN ln -sf libcuda.so /usr/local/cuda/lib64/stubs/libcuda.so.1

# CUPTI first: TensorFlow's profiler links against it, and it is in no default library path.
ENV CI_BUILD_PYTHON=python3 \
    LD_LIBRARY_PATH=/usr/local/cuda/extras/CUPTI/lib64:/usr/local/cuda/lib64:/usr/local/cuda/lib64/stubs \
    TMP=/tmp \
    USE_HERMETIC_CC_TOOLCHAIN=1

# Compilers word their messages by the locale; ours are parsed, so it is fixed.
ENV LANG=C.UTF-8
WORKDIR /sources
