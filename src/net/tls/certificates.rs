//! The certificates of every listener that speaks TLS, kept up to date while connections are made.
//!
//! Files are compared by what they hold, so that a symbolic link that is moved (as Kubernetes does), a file that is replaced and one that is
//! written over are all noticed. Looked at by a thread of their own: reading and deriving keys takes milliseconds.

use super::built::{self, Built};
use super::store::Files;
use crate::config::tls::TlsValues;
use crate::metrics::TlsMetrics;
use arc_swap::ArcSwap;
use ottla_storage::disk::{Disk, RealDisk, read_file};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// From then on the log says daily that a certificate is about to expire.
const WARNING_DAYS: i64 = 30;

/// What a listener's certificates are for on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// Clients are accepted at it.
    pub accepts: bool,
    /// Other nodes are connected to at theirs.
    pub connects: bool,
}

/// See the module.
pub struct Certificates {
    listeners: BTreeMap<String, Arc<TlsOf>>,
    disk: Arc<dyn Disk>,
}

/// TLS at one listener.
pub struct TlsOf {
    listener: String,
    purpose: Purpose,
    built: ArcSwap<Built>,
    seen: Mutex<Seen>,
    metrics: Arc<TlsMetrics>,
}

/// What was looked at last, used or not.
struct Seen {
    values: TlsValues,
    files: Files,
    warned_ms: Option<i64>,
}

impl Certificates {
    /// Reads those of every listener.
    ///
    /// # Errors
    /// The sentence that names the listener and what is wrong.
    pub fn open(
        disk: Arc<dyn Disk>,
        listeners: Vec<(String, TlsValues, Purpose)>,
        metrics: &Arc<TlsMetrics>,
        now_ms: i64,
    ) -> Result<Self, String> {
        let mut opened = BTreeMap::new();
        for (listener, values, purpose) in listeners {
            let wrong = |why: String| format!("TLS of listener {listener}: {why}");
            let files = read(&*disk, &values);
            let built = built::build(&values, &files)
                .and_then(|built| is_enough(built, purpose))
                .map_err(wrong)?;
            let of = TlsOf {
                listener: listener.clone(),
                purpose,
                built: ArcSwap::from_pointee(built),
                seen: Mutex::new(Seen {
                    values,
                    files,
                    warned_ms: None,
                }),
                metrics: metrics.clone(),
            };
            of.look_at_expiry(now_ms);
            opened.insert(listener, Arc::new(of));
        }
        Ok(Self {
            listeners: opened,
            disk,
        })
    }

    /// Of a node that speaks no TLS.
    pub fn none() -> Self {
        Self {
            listeners: BTreeMap::new(),
            disk: Arc::new(RealDisk),
        }
    }

    /// Whether no listener speaks TLS.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// TLS at the listener of this name, if it is spoken there.
    pub fn of(&self, listener: &str) -> Option<&Arc<TlsOf>> {
        self.listeners.get(listener)
    }

    /// Looks whether files have changed, and at the days that are left. Blocks.
    pub fn refresh(&self, now_ms: i64) {
        for of in self.listeners.values() {
            let values = of.seen.lock().values.clone();
            of.consider(values, &*self.disk);
            of.look_at_expiry(now_ms);
        }
    }

    /// Puts changed values in force. Blocks.
    pub fn configure(&self, listener: &str, values: TlsValues) {
        if let Some(of) = self.listeners.get(listener) {
            of.consider(values, &*self.disk);
        }
    }
}

impl TlsOf {
    /// The listener's name.
    pub fn listener(&self) -> &str {
        &self.listener
    }

    /// What is in force.
    pub(super) fn built(&self) -> Arc<Built> {
        self.built.load_full()
    }

    /// Uses what is new, if it can be used.
    fn consider(&self, values: TlsValues, disk: &dyn Disk) {
        let files = read(disk, &values);
        let mut seen = self.seen.lock();
        if seen.values == values && seen.files == files {
            return;
        }
        let before = self.built.load_full();
        let built = built::build(&values, &files).and_then(|built| is_enough(built, self.purpose));
        let built = built.and_then(|built| built.may_replace(&before, &values).map(|()| built));
        (seen.values, seen.files) = (values, files);
        seen.warned_ms = None;
        drop(seen);
        match built {
            Ok(built) => {
                self.built.store(Arc::new(built));
                self.metrics.reloaded(&self.listener, true);
                tracing::info!(
                    listener = self.listener,
                    "certificates were replaced; new connections use them"
                );
            }
            Err(why) => {
                self.metrics.reloaded(&self.listener, false);
                tracing::warn!(
                    listener = self.listener,
                    "new certificates are not used, and the old ones stay: {why}"
                );
            }
        }
    }

    fn look_at_expiry(&self, now_ms: i64) {
        let built = self.built.load();
        let Some(expires_ms) = built.expires_ms() else {
            return;
        };
        let days = (expires_ms - now_ms).div_euclid(DAY_MS);
        self.metrics.days_left(&self.listener, days);
        let mut seen = self.seen.lock();
        let is_due = seen
            .warned_ms
            .is_none_or(|warned_ms| now_ms - warned_ms >= DAY_MS);
        if days >= WARNING_DAYS || !is_due {
            return;
        }
        seen.warned_ms = Some(now_ms);
        let subject = built.shown.first().map(|shown| shown.subject.as_str());
        if expires_ms <= now_ms {
            tracing::error!(
                listener = self.listener,
                subject,
                "the certificate has expired: clients refuse it"
            );
        } else {
            tracing::warn!(
                listener = self.listener,
                subject,
                days,
                "the certificate expires soon"
            );
        }
    }
}

fn is_enough(built: Built, purpose: Purpose) -> Result<Built, String> {
    if purpose.accepts && built.server.is_none() {
        return Err("there is no keystore: set ssl.keystore.type and ssl.keystore.location, or ssl.keystore.key and ssl.keystore.certificate.chain".to_owned());
    }
    if purpose.connects && built.client.is_none() {
        return Err("this node connects to others at this listener, and does not know whom to trust: set ssl.truststore.type and ssl.truststore.location".to_owned());
    }
    Ok(built)
}

/// A file that cannot be read is as one that is not there.
fn read(disk: &dyn Disk, values: &TlsValues) -> Files {
    let contents = |location: &Option<String>, mounted: &[&str]| {
        let path = Path::new(location.as_ref()?);
        let file = read_file(disk, path).ok().flatten();
        file.or_else(|| together(disk, path, mounted))
    };
    Files {
        keystore: contents(&values.keystore.location, &["tls.key", "tls.crt"]),
        truststore: contents(&values.truststore.location, &["ca.crt"]),
    }
}

/// A directory is a Secret of Kubernetes that is mounted: its files one after the other, if all of them are there.
fn together(disk: &dyn Disk, directory: &Path, names: &[&str]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for name in names {
        text.extend(read_file(disk, &directory.join(name)).ok().flatten()?);
        text.push(b'\n');
    }
    Some(text)
}
