# The gateway's image with one line of IBC's template changed: the port its API listens on.
FROM ghcr.io/gnzsnz/ib-gateway:stable
ARG API_PORT=4002
RUN sed -i "s/^OverrideTwsApiPort=.*/OverrideTwsApiPort=${API_PORT}/" "${IBC_INI}.tmpl" \
    && grep -qx "OverrideTwsApiPort=${API_PORT}" "${IBC_INI}.tmpl"
