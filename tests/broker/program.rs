//! The program as people run it, against a broker of a test.

use crate::host::Broker;
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// What a command said in the end.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// What it printed; it must have gone well.
    pub fn text(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    pub fn json(self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

/// Runs `ottla` with these words and this on its standard input.
pub async fn run(words: &[&str], input: &[u8]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    command
        .args(words)
        .env_remove("OTTLA_BOOTSTRAP_SERVER")
        .env_remove("OTTLA_COMMAND_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_vec();
    let ran = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // One that has ended before it read is judged by what it says.
        let writing = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().expect("ends");
        writing.join().expect("no panic");
        output
    });
    Said::of(ran.await.expect("no panic"))
}

/// As [`run`], against a broker's listener.
pub async fn ottla(broker: &Broker, words: &[&str]) -> Said {
    ottla_with(broker, words, b"").await
}

/// With this on its standard input.
pub async fn ottla_with(broker: &Broker, words: &[&str], input: &[u8]) -> Said {
    let server = format!("127.0.0.1:{}", broker.port_of(0));
    // The machine of a test may be slow.
    let patient = [
        "-X",
        "request.timeout.ms=60000",
        "-X",
        "socket.connection.setup.timeout.ms=60000",
    ];
    let words = [words, &["--bootstrap-server", &server], &patient].concat();
    run(&words, input).await
}
