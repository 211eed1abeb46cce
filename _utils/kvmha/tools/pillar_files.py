"""Files of the pillar, read as Salt reads them, with the place of every mistake."""

from __future__ import annotations

from pathlib import Path

import yaml

from kvmha import pillar_file
from kvmha.errors import InvalidInput
from kvmha.spec import ClusterPart, ClusterSpec, is_part, load, load_part


def checked(
    path: str, loader: type[yaml.SafeLoader]
) -> tuple[ClusterSpec | ClusterPart | None, list[str]]:
    """Return what the file at ``path`` says, or None and the mistakes, in their order.

    ``loader`` is Salt's own: what it reads is what Salt sees.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return None, [f"{path}: {getattr(error, 'strerror', None) or error}"]
    spec, findings = _read(text, loader)
    findings.sort(key=lambda finding: (finding.line, finding.column))
    return None if findings else spec, [f"{path}:{finding}" for finding in findings]


def _read(
    text: str, loader: type[yaml.SafeLoader]
) -> tuple[ClusterSpec | ClusterPart | None, list[pillar_file.Finding]]:
    stopper = pillar_file.unrendered(text)
    if stopper:
        return None, [stopper]
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        repeated = list(pillar_file.repeated_keys(root))
        # Salt's own reader sees what Salt sees, but stops at a key that stands there twice.
        document = yaml.load(text, yaml.SafeLoader if repeated else loader)
    except yaml.YAMLError as error:
        return None, [pillar_file.not_yaml(error, text)]
    stopper = pillar_file.without_key(root)
    if stopper:
        return None, [stopper, *repeated]
    try:
        said = document[pillar_file.KEY]
        return load_part(said) if is_part(said) else load(said), repeated
    except InvalidInput as error:
        return None, [*repeated, *pillar_file.located(root, error.problems)]
