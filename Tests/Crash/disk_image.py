"""What a disk could hold after a power cut, made of a log of what was written to it and synced (write_log.c)."""
import collections
import os
import pathlib
import shutil
import struct

HEADER = struct.Struct("<cxxxIQQQ")
SECTOR = 512


class File:
    """The bytes of a file that are on disk for certain, and what was done to it since."""

    def __init__(self, content=b"", mode=0o600):
        self.synced, self.mode = bytearray(content), mode
        self.changes = []
        """(offset, bytes) of a write, or (size, None) of a truncation, in order."""
        self.done = 0
        """How many changes before these have gone into `synced`."""

    def sync(self, count):
        """All but what came after the first `count` changes is on disk now."""
        while self.done < count:
            apply(self.synced, *self.changes.pop(0))
            self.done += 1

    def count(self):
        return self.done + len(self.changes)

    def content(self, survival, chance):
        """What may be there: of what was not synced each sector survives with the given probability."""
        content = bytearray(self.synced)
        for place, data in self.changes:
            for piece in pieces(place, data):
                if survival == 1 or chance.random() < survival:
                    apply(content, *piece)
        return bytes(content)


def pieces(place, data):
    """A write by sectors; a truncation is one piece."""
    if data is None:
        yield place, None
        return
    start = 0
    while start < len(data):
        end = min(len(data), start + SECTOR - (place + start) % SECTOR)
        yield place + start, data[start:end]
        start = end


def apply(content, place, data):
    size = place if data is None else max(len(content), place + len(data))
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if data is None:
        del content[place:]
    else:
        content[place:place + len(data)] = data


class DiskImage:
    """A folder as its disk has it. What a mapping of memory wrote (SQLite's -shm) is not followed: a restart does not
    read it."""

    def __init__(self, folder, log):
        """The folder's files as they are now count as synced; the log begins empty."""
        self.folder, self.log = pathlib.Path(folder), pathlib.Path(log)
        self.inodes, self.live, self.folders = {}, {}, set()
        for path in sorted(self.folder.rglob("*")):
            name = str(path.relative_to(self.folder))
            if path.is_dir():
                self.folders.add(name)
            elif path.is_file():
                status = path.stat()
                self.live[name] = self.inodes[status.st_ino] = File(path.read_bytes(), status.st_mode & 0o7777)
        self.names = dict(self.live)
        self.renamings = []
        """Changes of names that no sync of their folder has put on disk yet: (folders, function of names)."""
        self.syncs = 0
        self.under_way = collections.Counter()
        """Inodes and names to which something had begun to happen when the process ended: it may be done or not."""
        self.log.write_bytes(b"")

    def read_log(self):
        """Takes in the whole log. To be called once, when the processes that write it are gone."""
        data, place, begun = self.log.read_bytes(), 0, {}
        opened = {}
        while place + HEADER.size <= len(data):
            kind, path_length, inode, number, length = HEADER.unpack_from(data, place)
            place += HEADER.size
            path = data[place:place + path_length].decode()
            place += path_length
            content = data[place:place + length]
            place += length
            file = self.inodes.get(inode)
            if kind == b"p":
                self.under_way[path or inode] += 1
            elif kind == b"q":
                self.under_way[path or inode] -= 1
            elif kind == b"c":
                self.inodes[inode] = self.live[path] = file = File(mode=number)
                self.rename([path], lambda names, path=path, file=file: names.__setitem__(path, file))
            elif kind == b"l":
                self.live[path] = file
                self.rename([path], lambda names, path=path, file=file: names.__setitem__(path, file))
            elif kind == b"w" and file:
                file.changes.append((number, content))
            elif kind == b"t" and file:
                file.changes.append((number, None))
            elif kind == b"d":
                opened[inode] = path
            elif kind == b"b":
                is_folder = inode in opened
                begun[number] = (
                    (opened[inode], len(self.renamings)) if is_folder else (None, file.count() if file else 0))
            elif kind == b"e":
                self.sync(inode, *begun.pop(number))
            elif kind == b"r":
                self.move(path, content.decode())
            elif kind == b"u":
                self.live.pop(path, None)
                self.rename([path], lambda names, path=path: names.pop(path, None))
                self.folders.discard(path)
            elif kind == b"m":
                self.folders.add(path)

    def sync(self, inode, folder, count):
        self.syncs += 1
        if folder is None:
            if file := self.inodes.get(inode):
                file.sync(count)
            return
        kept = []
        for place, (folders, change) in enumerate(self.renamings):
            if place < count and folder in folders:
                change(self.names)
                kept.append(None)
            else:
                kept.append((folders, change))
        # Places stay, since a sync that is under way counts them.
        self.renamings = [change or (set(), lambda names: None) for change in kept]

    def move(self, old, new):
        file = self.live.pop(old, None)
        if new and file:
            self.live[new] = file

        def change(names):
            moved = names.pop(old, None)
            if new and moved:
                names[new] = moved

        self.rename([path for path in (old, new) if path], change)

    def rename(self, paths, change):
        folders = {str(pathlib.PurePath(path).parent) for path in paths}
        self.renamings.append(({"" if folder == "." else folder for folder in folders}, change))

    def difference(self):
        """What the folder has that the log does not explain: None when the log is complete."""
        for name, file in self.live.items():
            path = self.folder / name
            if self.is_excused(name):
                continue
            if not path.exists():
                return f"{name} is not there"
            if not self.under_way[path.stat().st_ino] and path.read_bytes() != file.content(1, None):
                return f"{name} has other bytes than were written"
        found = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}
        unknown = {name for name in found - set(self.live) if not self.is_excused(name)}
        return f"nobody made {unknown}" if unknown else None

    def is_excused(self, name):
        """Whether nothing can be said of a file: it was about to change its name, or memory is mapped to it."""
        return name.endswith("-shm") or self.under_way[name] > 0

    def cut(self, chance, survival=None):
        """
        Puts into the folder what the disk may hold; gives how many changes were not synced.
        survival: the probability with which a sector that was not synced is there; None for any.
        """
        names = dict(self.names)
        unsynced = [change for _, change in self.renamings]
        for change in unsynced[:chance.randint(0, len(unsynced))]:
            change(names)
        if survival is None:
            survival = chance.choice([0, 0.1, 0.5, 0.9, 1])
        lost = sum(len(file.changes) for file in names.values())
        contents = {name: (file.content(survival, chance), file.mode) for name, file in names.items()}
        shutil.rmtree(self.folder)
        self.folder.mkdir(mode=0o700)
        for name in sorted(self.folders):
            (self.folder / name).mkdir(mode=0o700)
        for name, (content, mode) in contents.items():
            if name.endswith("-shm"):
                content = chance.choice([b"", chance.randbytes(32768)])
            (self.folder / name).write_bytes(content)
            os.chmod(self.folder / name, mode)
        return lost
