# The server in a container:  docker build -t kedrec .   (compose.yaml starts it with Neo4j and Chroma)
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements/all.txt requirements/all.txt
# The versions that were tried together. The lock also holds torch and its like, which are not installed here.
RUN sed -e 's/ \\$//' -e '/--hash=/d' requirements/all.txt > versions.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY graphdb graphdb
COPY tools tools
COPY agents agents
COPY distill distill
COPY eval eval
RUN python -m venv /opt/kedrec \
 && /opt/kedrec/bin/pip install --no-cache-dir --constraint versions.txt '.[web,mcp,neo4j,vectors]'

FROM python:3.11-slim-bookworm
# LightGBM wants OpenMP.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/kedrec /opt/kedrec
RUN useradd --uid 1000 --create-home kedrec \
 && install --directory --owner kedrec --group kedrec /data
ENV PATH=/opt/kedrec/bin:$PATH KEDREC_HOME=/data PYTHONUNBUFFERED=1
USER kedrec
VOLUME /data
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/ready', timeout=4)"]
ENTRYPOINT ["kedrec"]
CMD ["serve", "--host", "0.0.0.0", "--key-file", "/run/secrets/kedrec_keys"]
