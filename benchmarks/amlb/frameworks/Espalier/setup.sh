#!/usr/bin/env bash
# Arguments of the benchmark: a version (stable, latest, a release such as 0.2.0, or a branch), the
# repository, and the package, which may also be the folder of a checkout.
HERE=$(dirname "$0")
VERSION=${1:-"stable"}
REPO=${2:-""}
PKG=${3:-"espalier"}

# makes the environment ${HERE}/venv
. ${HERE}/../shared/setup.sh ${HERE} true

if [[ -d "${PKG}" ]]; then
    PIP install -U "${PKG}"
elif [[ "$VERSION" == "stable" ]]; then
    PIP install --no-cache-dir -U "${PKG}"
elif [[ "$VERSION" =~ ^[0-9] ]]; then
    PIP install --no-cache-dir -U "${PKG}==${VERSION}"
elif [[ -z "$REPO" ]]; then
    echo "version ${VERSION} of Espalier needs a repository: give setup_args in frameworks.yaml"
    exit 1
else
    if [[ "$VERSION" == "latest" ]]; then
        VERSION="main"
    fi
    TARGET_DIR="${HERE}/lib/espalier"
    rm -Rf ${TARGET_DIR}
    git clone --depth 1 --single-branch --branch ${VERSION} ${REPO} ${TARGET_DIR}
    PIP install -U ${TARGET_DIR}
fi

PY -c "from espalier import __version__; print(__version__)" >> "${HERE}/.setup/installed"
