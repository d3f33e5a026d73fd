# One image for web, events, worker and scheduler. Nothing is built: environments are made from the hashed locks.
FROM python:3.11-slim-bookworm AS environment
COPY requirements.txt .
RUN python -m venv /opt/sallyport \
    && /opt/sallyport/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM node:20-bookworm-slim AS assets
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm
ENV PATH=/opt/sallyport/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    VAR_DIR=/tmp/sallyport \
    STATIC_ROOT=/app/static-collected
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin sallyport
COPY --from=environment /opt/sallyport /opt/sallyport
WORKDIR /app
COPY . .
COPY --from=assets /node_modules/jsqr/LICENSE /node_modules/jsqr/dist/jsQR.js static/vendor/jsqr/
# Collecting needs settings, not secrets: the demo's are made for this line and thrown away with it.
RUN SALLYPORT_DEMO=1 python manage.py collectstatic --no-input --verbosity 0 && rm -rf "$VAR_DIR"
USER sallyport
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "docker/healthy.py"]
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--max-requests", "5000", "--max-requests-jitter", "500", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
