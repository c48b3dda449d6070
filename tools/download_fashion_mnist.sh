#!/usr/bin/env bash
# Downloads Fashion-MNIST into a folder (default: the cache that pcxx looks in) and checks it.
#
# usage: tools/download_fashion_mnist.sh [FOLDER]
# The checksums are of the unpacked files, because mirrors pack them anew.
set -euo pipefail

folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/pcxx/fashion-mnist}
address=${FASHION_MNIST_ADDRESS:-http://fashion-mnist.s3-website.eu-central-1.amazonaws.com}

fetch() { # name, SHA-256 of the unpacked file
  local target=$folder/$1.gz
  local partial=$target.partial
  if [ -f "$target" ] && matches "$target" "$2"; then
    echo "[download] $1 is there"
    return
  fi
  echo "[download] $1"
  if ! curl --fail --location --silent --show-error --retry 3 --connect-timeout 20 \
    --output "$partial" "$address/$1.gz"; then
    rm -f "$partial"
    echo "[download] cannot get $address/$1.gz; check the network, or install the package dataset-fashion-mnist" >&2
    exit 1
  fi
  if ! matches "$partial" "$2"; then
    rm -f "$partial"
    echo "[download] $address/$1.gz is not the published file; try again, or install the package dataset-fashion-mnist" >&2
    exit 1
  fi
  mv "$partial" "$target"
}

matches() { # gzipped file, SHA-256 of the unpacked one
  [ "$(gzip --decompress --stdout "$1" 2>/dev/null | sha256sum | cut -d ' ' -f 1)" = "$2" ]
}

mkdir -p "$folder"
fetch train-images-idx3-ubyte c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888
fetch train-labels-idx1-ubyte bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9
fetch t10k-images-idx3-ubyte 5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b
fetch t10k-labels-idx1-ubyte 0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34
echo "[download] Fashion-MNIST is in $folder"
