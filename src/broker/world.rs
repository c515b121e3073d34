//! What a node needs of the world: the operating system's in production, a simulator's under test.

use crate::logging::Loggers;
use crate::net::tcp::Tcp;
use crate::net::world::Net;
use crate::partition::Threads;
use crate::world::{Clock, Pace, Rng, Workers};
use ottla_storage::disk::{Disk, RealDisk};
use std::io;
use std::sync::Arc;

/// Time, chance, files, network, threads and what is logged.
#[derive(Clone)]
pub struct World<N: Net> {
    pub clock: Clock,
    pub rng: Rng,
    pub disk: Arc<dyn Disk>,
    pub net: N,
    pub threading: Threading,
    pub loggers: Arc<Loggers>,
}

/// Where blocking work and the controller run.
#[derive(Clone, Debug)]
pub enum Threading {
    /// On threads of their own, so that a slow disk holds up nothing but itself.
    Own,
    /// As tasks of the current runtime: everything in one order, decided by the runtime. Each job takes as long as this says.
    Tasks(Pace),
}

impl World<Tcp> {
    /// The machine's. The loggers govern nothing: those of the process are put in by whoever started logging.
    pub fn system() -> Self {
        Self {
            clock: Clock::system(),
            rng: Rng::system(),
            disk: Arc::new(RealDisk),
            net: Tcp,
            threading: Threading::Own,
            loggers: Loggers::detached(),
        }
    }
}

impl<N: Net> World<N> {
    /// `count` threads of this name, or their stand-in.
    pub fn workers(&self, name: &str, count: usize) -> io::Result<Workers> {
        match &self.threading {
            Threading::Own => Workers::threads(name, count),
            Threading::Tasks(pace) => Ok(Workers::paced(name, count, pace.clone())),
        }
    }

    /// The threads of the log directory at `index` of `log.dirs`.
    pub fn directory_threads(&self, index: usize) -> io::Result<Threads> {
        Threads::of(index, |name, count| self.workers(name, count))
    }
}
