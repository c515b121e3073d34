//! The files that logins come from: a mounted directory with a file per user, and an identity provider's keys. The shell that reads them,
//! now and whenever they change.
//!
//! A user is a file's name, its password the file's content without the last line end. What begins with a dot is no user (Kubernetes keeps
//! its own links there). What cannot be read leaves in force what was read last, and is said once.

use super::logins::Logins;
use super::sasl::jwt::KeySet;
use super::sasl::plain::Password;
use crate::world::Workers;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Users beyond it are left out.
const USERS_MAX: usize = 10_000;
/// A longer file is no password.
const PASSWORD_MAX_BYTES: u64 = 4 * 1024;
const KEYS_MAX_BYTES: u64 = 1024 * 1024;

/// What was read last.
#[derive(Default)]
pub struct Seen {
    users: Option<Result<Vec<(String, Password)>, String>>,
    keys: Option<Result<Vec<u8>, String>>,
}

impl Seen {
    /// Reads everything, and puts in force what has changed.
    pub async fn look(&mut self, logins: &Arc<Logins>, workers: &Workers) {
        let settings = &logins.settings;
        let (directory, keys) = (
            settings.users_directory.clone(),
            settings.bearer.keys_file.clone(),
        );
        let read = workers.run(move || {
            let users = directory.map(|path| explained(&path, users(&path)));
            let keys = keys.map(|path| explained(&path, file(&path, KEYS_MAX_BYTES)));
            (users, keys)
        });
        let Some((users, keys)) = read.await else {
            return;
        };
        if users != self.users {
            match &users {
                Some(Ok(users)) => {
                    tracing::info!(users = users.len(), "users of ottla.sasl.users.dir read");
                    logins.mount(users.clone());
                }
                Some(Err(error)) => tracing::warn!("ottla.sasl.users.dir: {error}"),
                None => {}
            }
            self.users = users;
        }
        if keys != self.keys {
            let parsed = match &keys {
                Some(Ok(json)) => Some(KeySet::parse(json)),
                Some(Err(error)) => Some(Err(error.clone())),
                None => None,
            };
            match parsed {
                Some(Ok(keys)) => {
                    tracing::info!("keys for bearer tokens read");
                    logins.trust(keys);
                }
                Some(Err(error)) => {
                    tracing::warn!("sasl.oauthbearer.jwks.endpoint.url: {error}");
                }
                None => {}
            }
            self.keys = keys;
        }
    }
}

fn explained<T>(path: &Path, read: io::Result<T>) -> Result<T, String> {
    read.map_err(|error| format!("{}: {error}", path.display()))
}

fn users(directory: &Path) -> io::Result<Vec<(String, Password)>> {
    let mut users = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // Follows links: that is how secrets are mounted.
        let is_file = fs::metadata(entry.path()).is_ok_and(|found| found.is_file());
        if name.starts_with('.') || !is_file || users.len() >= USERS_MAX {
            continue;
        }
        let bytes = file(&entry.path(), PASSWORD_MAX_BYTES)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let why = format!("the password of {name} is not UTF-8");
            io::Error::new(io::ErrorKind::InvalidData, why)
        })?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if !text.is_empty() {
            users.push((name, Password::new(text)));
        }
    }
    users.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(users)
}

fn file(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(max_bytes + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > max_bytes {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("longer than {max_bytes} bytes"),
        )),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_a_user_and_what_is_hidden_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::create_dir(path.join("..data")).unwrap();
        fs::write(path.join("..data/alice"), "a b\r\n").unwrap();
        fs::write(path.join(".hidden"), "x").unwrap();
        fs::write(path.join("bob"), "b\n\n").unwrap();
        fs::write(path.join("empty"), "\n").unwrap();
        fs::create_dir(path.join("folder")).unwrap();
        std::os::unix::fs::symlink("..data/alice", path.join("alice")).unwrap();
        let found = users(path).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|(name, password)| (name.as_str(), password.reveal()))
            .collect();
        assert_eq!(shown, [("alice", "a b"), ("bob", "b\n")]);
    }

    #[test]
    fn what_is_no_password_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert!(users(&path.join("none")).is_err());
        fs::write(path.join("long"), "x".repeat(5000)).unwrap();
        assert!(users(path).is_err());
        fs::write(path.join("long"), [0xff]).unwrap();
        assert!(users(path).is_err());
    }
}
