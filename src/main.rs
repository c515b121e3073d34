//! Parses the command line and runs it.

use std::process::ExitCode;

use ottla::config::BrokerConfig;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ottla::cli::main(std::env::args_os(), run)
}

/// The seam to the broker, until it is wired.
async fn run(_config: BrokerConfig) -> Result<(), &'static str> {
    Err("this build has no broker in it yet")
}
