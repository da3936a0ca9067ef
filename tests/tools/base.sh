#!/bin/sh
# Lays an earlier commit out to be built beside this one: base.sh COMMIT FOLDER.
#
# FOLDER is a git worktree, kept from one time to the next, so that only what differs is compiled.
set -eu
commit=$(git rev-parse --verify --quiet "$1^{commit}") ||
    { echo "BASE=$1 is no commit of this repository" >&2; exit 2; }
git worktree prune
if [ -e "$2/.git" ]; then
    git -C "$2" checkout --quiet --detach --force "$commit"
else
    git worktree add --quiet --detach "$2" "$commit"
fi
git log -1 --format='base: %h %s' "$commit"
