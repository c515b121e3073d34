//! Named threads for work that may block: syncs, slow writes, cold reads, opening logs.
//!
//! ```text
//!   task ── submit(job) ──▶ queue ──▶ one of the threads "sync-1" …     (production)
//!   task ── submit(job) ──▶ a task on the same runtime                  (tests)
//!   task ── submit(job) ──▶ queue ──▶ "thread-0", a task that takes a simulated while over each job    (simulation)
//! ```
//! Guarantees: jobs start in the order submitted; with one thread they also end in it. A job that panics takes neither
//! the thread nor other jobs with it. Dropping the last handle finishes what is queued, then ends the threads.
//! Does not bound the queue: each caller has at most a known number of jobs under way (one write and one sync per
//! partition), which is the bound.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{mpsc, oneshot};

type Job = Box<dyn FnOnce() + Send>;

/// How long the next job of the workers of this name takes before it has its effect.
#[derive(Clone)]
pub struct Pace(Arc<dyn Fn(&str) -> Duration + Send + Sync>);

/// A set of threads that run blocking jobs, or a stand-in that runs them as tasks.
#[derive(Clone)]
pub struct Workers {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Threads(Arc<Threads>),
    Tasks,
    Paced(mpsc::UnboundedSender<Job>),
}

/// Held by every handle; the threads hold only the `queue`.
struct Threads {
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    arrived: Condvar,
}

#[derive(Default)]
struct QueueState {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Workers {
    /// Starts `count` (at least one) threads called `name-0`, `name-1`, ….
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn threads(name: &str, count: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let threads = Arc::new(Threads {
            queue: queue.clone(),
        });
        for index in 0..count.max(1) {
            let queue = queue.clone();
            // Linux shows 15 characters of a thread's name; callers keep theirs short.
            std::thread::Builder::new()
                .name(format!("{name}-{index}"))
                .spawn(move || queue.work())?;
        }
        Ok(Self {
            kind: Kind::Threads(threads),
        })
    }

    /// No threads: each job is a task of the current runtime. Deterministic on a current-thread runtime.
    pub fn tasks() -> Self {
        Self { kind: Kind::Tasks }
    }

    /// As [`Workers::threads`], with tasks of the current runtime for threads: in simulated time, jobs overlap and take a while.
    pub fn paced(name: &str, count: usize, pace: Pace) -> Self {
        let (submit, queue) = mpsc::unbounded_channel::<Job>();
        let queue = Arc::new(tokio::sync::Mutex::new(queue));
        for _ in 0..count.max(1) {
            let (queue, pace, name) = (queue.clone(), pace.clone(), name.to_owned());
            tokio::spawn(async move {
                loop {
                    let job = queue.lock().await.recv().await;
                    let Some(job) = job else { return };
                    tokio::time::sleep((pace.0)(&name)).await;
                    job();
                }
            });
        }
        Self {
            kind: Kind::Paced(submit),
        }
    }

    /// Queues a job and returns at once. The job carries its own way to answer.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) {
        match &self.kind {
            Kind::Threads(threads) => threads.queue.push(Box::new(job)),
            Kind::Tasks => drop(tokio::spawn(async move { job() })),
            // It only fails once the runtime and all that waits are gone.
            Kind::Paced(queue) => drop(queue.send(Box::new(job))),
        }
    }

    /// Runs a job and waits for its answer. `None` if the job panicked. Dropping the future does not stop the job.
    pub fn run<R, J>(&self, job: J) -> impl Future<Output = Option<R>> + Send + use<R, J>
    where
        R: Send + 'static,
        J: FnOnce() -> R + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.submit(move || drop(answer.send(job())));
        async { answered.await.ok() }
    }
}

impl Pace {
    pub fn new(pace: impl Fn(&str) -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(pace))
    }
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Pace")
    }
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self.kind {
            Kind::Threads(_) => "Workers(threads)",
            Kind::Tasks => "Workers(tasks)",
            Kind::Paced(_) => "Workers(paced tasks)",
        })
    }
}

impl Queue {
    fn push(&self, job: Job) {
        self.state.lock().jobs.push_back(job);
        self.arrived.notify_one();
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("a blocking job panicked; its caller sees no answer");
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            self.arrived.wait(&mut state);
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue.state.lock().closed = true;
        self.queue.arrived.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_thread_runs_jobs_in_the_order_submitted() {
        let workers = Workers::threads("test-order", 1).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for number in 0..100 {
            let seen = seen.clone();
            workers.submit(move || seen.lock().push(number));
        }
        workers.run(|| ()).await.unwrap();
        assert_eq!(*seen.lock(), (0..100).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_job_that_panics_leaves_the_others_running() {
        let workers = Workers::threads("test-panic", 1).unwrap();
        assert_eq!(workers.run(|| -> u8 { panic!("on purpose") }).await, None);
        assert_eq!(workers.run(|| 7).await, Some(7));
    }

    #[tokio::test]
    async fn dropping_the_handle_finishes_what_is_queued() {
        let workers = Workers::threads("test-drop", 1).unwrap();
        let last = workers.run(|| "done");
        drop(workers);
        assert_eq!(last.await, Some("done"));
    }

    #[tokio::test(start_paused = true)]
    async fn as_tasks_jobs_run_on_the_callers_runtime() {
        let here = std::thread::current().id();
        let there = Workers::tasks().run(|| std::thread::current().id()).await;
        assert_eq!(there, Some(here));
    }

    #[tokio::test(start_paused = true)]
    async fn paced_jobs_keep_their_order_and_take_their_time() {
        let began = tokio::time::Instant::now();
        let workers = Workers::paced("slow", 1, Pace::new(|_| Duration::from_secs(3)));
        let (first, second) = (workers.run(|| 1), workers.run(|| 2));
        assert_eq!((second.await, began.elapsed().as_secs()), (Some(2), 6));
        assert_eq!(first.await, Some(1));
    }
}
