"""Zip files from outside, within bounds, and the packages in them.

Source: Metadata API Developer Guide, "Deploying and Retrieving Metadata with the Zip File", "Sample package.xml
Manifest Files", "Metadata Limits": a package has at most 10,000 files, 39 MB compressed and about 400 MB uncompressed.
"""

import io
import posixpath
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.metadata.components import find_component_type
from simorg.metadata.xml import Malformed, Node, read_xml

MOST_FILES = 10_000
MOST_COMPRESSED = 39 * 1024 * 1024
MOST_UNCOMPRESSED = 400 * 1024 * 1024
#: What is kept in memory of one package; no components of the types that there are come near it, a bomb does.
_MOST_KEPT = 64 * 1024 * 1024
_BLOCK = 256 * 1024
_DRIVE = re.compile(r"^[A-Za-z]:")


@dataclass
class Manifest:
    """What a package.xml or a destructiveChanges.xml names: members by type, and the version it is written for."""

    members: dict[str, list[str]] = field(default_factory=dict)
    version: str = ""


def read_zip(content: bytes, most: int = _MOST_KEPT) -> dict[str, bytes]:
    """The files of a zip by their names, folders left out; at most so many bytes of them altogether.

    Raises:
        ApiError: it is no zip, is too large, or holds a file that lies outside of it.
    """
    if len(content) > MOST_COMPRESSED:
        raise ApiError(500, "LIMIT_EXCEEDED", say("metadata.zip_compressed", most=MOST_COMPRESSED))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > MOST_FILES:
                raise ApiError(500, "LIMIT_EXCEEDED", say("metadata.zip_files", most=MOST_FILES))
            files: dict[str, bytes] = {}
            left = most
            for one in entries:
                name = _safe_name(one)
                if name in files:
                    raise ApiError(500, "INVALID_ZIP", say("metadata.zip_twice", name=name))
                files[name] = _read_entry(archive, one, left)
                left -= len(files[name])
            return files
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise ApiError(500, "INVALID_ZIP", say("metadata.zip_broken")) from None


def _safe_name(entry: zipfile.ZipInfo) -> str:
    """A file's name within the zip; one that leads out of it, or is a link, is refused."""
    name = entry.filename
    outside = name.startswith(("/", "\\")) or _DRIVE.match(name) or "\\" in name or "\0" in name
    plain = posixpath.normpath(name)
    if outside or plain.startswith("..") or ".." in name.split("/") or stat.S_ISLNK(entry.external_attr >> 16):
        raise ApiError(500, "INVALID_ZIP", say("metadata.zip_path", name=name[:200]))
    return plain


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """A file's content, read no further than the limit, whatever its header says."""
    pieces, size = [], 0
    with archive.open(entry) as file:
        while piece := file.read(_BLOCK):
            size += len(piece)
            if size > most:
                raise ApiError(500, "LIMIT_EXCEEDED", say("metadata.zip_uncompressed", most=MOST_UNCOMPRESSED))
            pieces.append(piece)
    return b"".join(pieces)


def write_zip(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by their names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def read_manifest(content: bytes) -> Manifest:
    """A manifest from its file.

    Raises:
        Malformed: it is none, or names an unknown type.
    """
    root = read_xml(content)
    if root.name != "Package":
        raise Malformed(say("metadata.not_a_package"), root.line, root.column)
    return read_manifest_node(root)


def read_manifest_node(root: Node) -> Manifest:
    """A manifest from an element.

    Raises:
        Malformed: it names an unknown type.
    """
    manifest = Manifest(version=root.value("version"))
    for types in root.all("types"):
        name = types.value("name")
        if find_component_type(name) is None:
            raise Malformed(say("metadata.unknown_in_manifest", type=name[:80]), types.line, types.column)
        members = manifest.members.setdefault(name, [])
        members += [one.text.strip() for one in types.all("members")]
    return manifest
