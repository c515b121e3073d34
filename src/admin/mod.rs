//! The small HTTP listener beside Kafka's: health for whoever runs the broker, metrics for whoever watches it (`admin.listeners`).
//!
//! | path | 200 when | otherwise |
//! |---|---|---|
//! | `/livez` | the process answers | |
//! | `/startupz` | starting is over | 503 and how far it is |
//! | `/readyz` | clients are served, and every replica here has caught up with its leader | 503 and why not |
//! | `/metrics` | always: Prometheus' text format | |
//!
//! It reads; nothing here changes the broker. It asks for no authentication: it listens on loopback unless told otherwise.

mod limited;

use crate::metrics::Metrics;
use crate::net::bind::bind;
use crate::net::settings::SocketOptions;
use crate::net::world::Net;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use limited::Limited;
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::sync::watch;

/// What the broker is doing, as it tells the admin listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Before logs are opened.
    #[default]
    Starting,
    /// Cannot go on without others.
    Waiting(&'static str),
    /// Opening and checking logs.
    Recovering { done: usize, of: usize },
    /// Serving clients, while so many of its replicas still lack what their leaders have.
    CatchingUp { replicas: usize },
    /// Serving clients.
    Ready,
    /// Finishing.
    Stopping,
}

impl fmt::Display for Phase {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => to.write_str("starting"),
            Self::Recovering { done, of } => write!(to, "recovering: {done} of {of} logs"),
            Self::Waiting(why) => write!(to, "waiting: {why}"),
            Self::CatchingUp { replicas } => {
                write!(to, "catching up: {replicas} replicas are not in sync yet")
            }
            Self::Ready => to.write_str("ready"),
            Self::Stopping => to.write_str("stopping"),
        }
    }
}

/// What the pages show.
#[derive(Clone)]
pub struct Shown {
    pub phase: watch::Receiver<Phase>,
    pub metrics: Arc<Metrics>,
}

/// A bound admin listener; dropping it before [`Admin::serve`] closes it.
pub struct Admin<N: Net> {
    sockets: Vec<N::Listener>,
    /// The real port, also where 0 was asked for.
    pub port: u16,
}

impl<N: Net> Admin<N> {
    /// Listens on one of `admin.listeners`.
    ///
    /// # Errors
    /// When the host cannot be resolved or no address be bound.
    pub async fn bind(net: &N, host: &str, port: u16) -> io::Result<Self> {
        let bound = bind(net, host, port, &SocketOptions::default()).await?;
        Ok(Self {
            sockets: bound.sockets,
            port: bound.port,
        })
    }

    /// Serves in tasks of the current runtime, until `shown.phase` has no sender any more.
    pub fn serve(self, shown: &Shown) {
        for socket in self.sockets {
            let app = router(shown.clone());
            let mut phase = shown.phase.clone();
            let gone = async move { while phase.changed().await.is_ok() {} };
            tokio::spawn(async move {
                let serving = axum::serve(Limited::new(socket), app);
                if let Err(error) = serving.with_graceful_shutdown(gone).await {
                    tracing::warn!(%error, "the admin listener ended");
                }
            });
        }
    }
}

fn router(shown: Shown) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/startupz", get(startup))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(shown)
}

async fn startup(State(shown): State<Shown>) -> Response {
    let phase = shown.phase.borrow().clone();
    let is_over = matches!(
        phase,
        Phase::CatchingUp { .. } | Phase::Ready | Phase::Stopping
    );
    page(is_over, &phase)
}

async fn ready(State(shown): State<Shown>) -> Response {
    let phase = shown.phase.borrow().clone();
    page(phase == Phase::Ready, &phase)
}

fn page(is_fine: bool, phase: &Phase) -> Response {
    let status = match is_fine {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, format!("{phase}\n")).into_response()
}

async fn metrics(State(shown): State<Shown>) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, shown.metrics.fresh_text().await).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tcp::Tcp;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn get(port: u16, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    #[tokio::test]
    async fn the_pages_follow_the_phase() {
        let (phase, shown) = watch::channel(Phase::Starting);
        let metrics = Arc::new(Metrics::new([]));
        let admin = Admin::bind(&Tcp, "localhost", 0).await.unwrap();
        let port = admin.port;
        admin.serve(&Shown {
            phase: shown,
            metrics,
        });
        for (now, startup, ready) in [
            (Phase::Starting, "503", "503"),
            (Phase::Waiting("for somebody"), "503", "503"),
            (Phase::Recovering { done: 3, of: 10 }, "503", "503"),
            (Phase::CatchingUp { replicas: 3 }, "200", "503"),
            (Phase::Ready, "200", "200"),
            (Phase::Stopping, "200", "503"),
        ] {
            phase.send_replace(now.clone());
            let page = get(port, "/startupz").await;
            assert!(page.starts_with(&format!("HTTP/1.1 {startup}")), "{page}");
            assert!(page.contains(&now.to_string()), "{page}");
            let page = get(port, "/readyz").await;
            assert!(page.starts_with(&format!("HTTP/1.1 {ready}")), "{page}");
            assert!(get(port, "/livez").await.starts_with("HTTP/1.1 200"));
        }
        let page = get(port, "/metrics").await;
        assert!(page.contains("process_resident_memory_bytes"), "{page}");
        assert!(get(port, "/other").await.starts_with("HTTP/1.1 404"));
    }
}
