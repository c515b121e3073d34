//! The simulated directory tree: which names are seen, which are durable, and the operations in between.

use super::super::Entry;
use super::Random;
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

/// What a name stands for: an index into the disk's files or into the directories here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    File(usize),
    Directory(usize),
}

#[derive(Debug)]
pub(super) struct Names {
    /// The first is the root.
    directories: Vec<Directory>,
}

#[derive(Debug, Default)]
struct Directory {
    current: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    unsynced: Vec<Change>,
}

#[derive(Clone, Debug)]
struct Change {
    removed: Option<String>,
    added: Option<(String, Node)>,
}

impl Default for Names {
    fn default() -> Self {
        Names {
            directories: vec![Directory::default()],
        }
    }
}

impl Names {
    pub(super) fn resolve(&self, path: &Path) -> io::Result<Node> {
        let mut node = Node::Directory(0);
        for component in path.components() {
            let Component::Normal(name) = component else {
                continue;
            };
            let Node::Directory(index) = node else {
                return Err(io::ErrorKind::NotADirectory.into());
            };
            let name = name.to_str().ok_or(io::ErrorKind::InvalidInput)?;
            node = *self.directories[index]
                .current
                .get(name)
                .ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(node)
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<usize> {
        match self.resolve(path)? {
            Node::File(index) => Ok(index),
            Node::Directory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn directory(&self, path: &Path) -> io::Result<usize> {
        match self.resolve(path)? {
            Node::Directory(index) => Ok(index),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn link(&mut self, path: &Path, node: Node) -> io::Result<()> {
        let (parent, name) = self.split(path)?;
        self.directories[parent].change(Change {
            removed: None,
            added: Some((name, node)),
        });
        Ok(())
    }

    pub(super) fn unlink(&mut self, path: &Path) -> io::Result<()> {
        self.resolve(path)?;
        let (parent, name) = self.split(path)?;
        self.directories[parent].change(Change {
            removed: Some(name),
            added: None,
        });
        Ok(())
    }

    /// Within one directory a renaming happens or not; between two, each half does.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.resolve(from)?;
        let ((old_parent, old_name), (parent, name)) = (self.split(from)?, self.split(to)?);
        if old_parent == parent {
            self.directories[parent].change(Change {
                removed: Some(old_name),
                added: Some((name, node)),
            });
        } else {
            self.directories[parent].change(Change {
                removed: None,
                added: Some((name, node)),
            });
            self.directories[old_parent].change(Change {
                removed: Some(old_name),
                added: None,
            });
        }
        Ok(())
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        let mut parent = 0;
        for component in path.components() {
            let Component::Normal(name) = component else {
                continue;
            };
            let name = name.to_str().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
            parent = match self.directories[parent].current.get(&name) {
                Some(Node::Directory(index)) => *index,
                Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                None => {
                    self.directories.push(Directory::default());
                    let index = self.directories.len() - 1;
                    self.directories[parent].change(Change {
                        removed: None,
                        added: Some((name, Node::Directory(index))),
                    });
                    index
                }
            };
        }
        Ok(())
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let directory = &self.directories[self.directory(path)?];
        Ok(directory
            .current
            .iter()
            .map(|(name, node)| Entry {
                name: name.clone(),
                is_dir: matches!(node, Node::Directory(_)),
            })
            .collect())
    }

    pub(super) fn sync(&mut self, path: &Path) -> io::Result<()> {
        let index = self.directory(path)?;
        let directory = &mut self.directories[index];
        directory.unsynced.clear();
        directory.durable.clone_from(&directory.current);
        Ok(())
    }

    /// Every unsynced operation happened or did not, whatever its neighbours did.
    pub(super) fn lose_unsynced(&mut self, random: &mut Random) {
        for directory in &mut self.directories {
            let loses_all = random.coin();
            for change in std::mem::take(&mut directory.unsynced) {
                if !loses_all && random.coin() {
                    change.apply(&mut directory.durable);
                }
            }
            directory.current.clone_from(&directory.durable);
        }
    }

    /// Files that have a name, each once per name.
    pub(super) fn live_files(&self) -> impl Iterator<Item = usize> {
        self.directories
            .iter()
            .flat_map(|directory| directory.current.values())
            .filter_map(|node| match node {
                Node::File(index) => Some(*index),
                Node::Directory(_) => None,
            })
    }

    fn split(&self, path: &Path) -> io::Result<(usize, String)> {
        let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or(io::ErrorKind::InvalidInput)?;
        Ok((self.directory(parent)?, name.to_owned()))
    }
}

impl Directory {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.current);
        self.unsynced.push(change);
    }
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, Node>) {
        if let Some(name) = &self.removed {
            names.remove(name);
        }
        if let Some((name, node)) = &self.added {
            names.insert(name.clone(), *node);
        }
    }
}
