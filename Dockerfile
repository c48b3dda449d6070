# Python with pcxx and Fashion-MNIST: `docker build -t pcxx .`, then `docker run --rm -it -v "$PWD:/work" pcxx python3 program.py`.
FROM debian:trixie-slim AS wheel
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ libfmt-dev libhwy-dev libjpeg-dev libtomlplusplus-dev nlohmann-json3-dev \
    python3-dev python3-venv zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN python3 -m venv /builder \
 && /builder/bin/pip wheel --no-cache-dir --wheel-dir /wheels .

FROM debian:trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends dataset-fashion-mnist python3-venv \
 && rm -rf /var/lib/apt/lists/*
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels \
    python3 -m venv /opt/pcxx \
 && /opt/pcxx/bin/pip install --no-cache-dir --no-index --find-links /wheels pcxx
ENV PATH=/opt/pcxx/bin:$PATH
RUN useradd --create-home --uid 1000 researcher
USER 1000
WORKDIR /work
CMD ["python3"]
