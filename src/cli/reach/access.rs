//! The arguments that every command has which asks a cluster, and a client made of them.

use super::security::Security;
use super::settings::Settings;
use crate::cli::client::{Address, Client, Times, addresses};
use crate::cli::{BAD_USAGE, FAILURE};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where nothing is named.
const LOCAL: &str = "localhost:9092";
const SERVERS_VARIABLE: &str = "OTTLA_BOOTSTRAP_SERVER";
const FILE_VARIABLE: &str = "OTTLA_COMMAND_CONFIG";

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Access {
    /// Brokers to ask first, as host:port,host:port; else OTTLA_BOOTSTRAP_SERVER, bootstrap.servers, or localhost:9092.
    #[arg(short, long, value_name = "SERVERS")]
    pub bootstrap_server: Option<String>,
    /// Client properties (security.protocol, sasl.jaas.config, ssl.truststore.location, …); else OTTLA_COMMAND_CONFIG.
    #[arg(long, value_name = "FILE")]
    pub command_config: Option<PathBuf>,
    /// Sets one client property; may be repeated. OTTLA_CLIENT_SASL_PASSWORD sets sasl.password, and so on.
    #[arg(short = 'X', long = "property", value_name = "KEY=VALUE")]
    pub properties: Vec<String>,
    /// Prints the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What the arguments come to.
#[derive(Clone, Debug)]
pub struct Reach {
    pub servers: Vec<Address>,
    pub security: Security,
    pub times: Times,
}

impl Access {
    /// Reads file and environment.
    ///
    /// # Errors
    /// What is wrong, for the user.
    pub fn reach(&self) -> Result<Reach, String> {
        let environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
            .collect();
        let variable = |wanted: &str| {
            let found = environment.iter().find(|(name, _)| name == wanted);
            found
                .map(|(_, text)| text.clone())
                .filter(|text| !text.is_empty())
        };
        let file = self
            .command_config
            .clone()
            .or_else(|| variable(FILE_VARIABLE).map(PathBuf::from));
        let bytes = file.as_deref().map(read_bytes).transpose()?;
        let pairs = environment
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        let settings = Settings::read(bytes.as_deref(), pairs, &self.properties)?;
        let servers = self
            .bootstrap_server
            .clone()
            .or_else(|| variable(SERVERS_VARIABLE));
        let servers = servers
            .as_deref()
            .or_else(|| settings.text(&["bootstrap.servers", "metadata.broker.list"]));
        let times = Times::default();
        Ok(Reach {
            servers: addresses(servers.unwrap_or(LOCAL))?,
            security: Security::of(&settings, &|path| std::fs::read_to_string(path).ok())?,
            times: Times {
                answer: settings
                    .milliseconds("request.timeout.ms")?
                    .unwrap_or(times.answer),
                connect: settings
                    .milliseconds("socket.connection.setup.timeout.ms")?
                    .unwrap_or(times.connect),
            },
        })
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// Runs a command that asks a cluster.
pub fn run(access: &Access, obey: impl AsyncFnOnce(Client) -> ExitCode) -> ExitCode {
    let reach = match access.reach() {
        Ok(reach) => reach,
        Err(error) => return refuse(&error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ottla: the runtime could not be started: {error}");
            return ExitCode::from(FAILURE);
        }
    };
    let code = runtime.block_on(async {
        match Client::new(&reach) {
            Ok(client) => obey(client).await,
            Err(error) => refuse(&error),
        }
    });
    // What still waits for an answer, or for a line of input, must not hold up the end.
    runtime.shutdown_background();
    code
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("ottla: {why}");
    ExitCode::from(BAD_USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_times_come_from_a_file_unless_a_flag_says_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("client.properties");
        std::fs::write(&path, "bootstrap.servers=a:1,b:2\nrequest.timeout.ms=700\n").unwrap();
        let mut access = Access {
            command_config: Some(path),
            ..Access::default()
        };
        let reach = access.reach().unwrap();
        assert_eq!(reach.servers.len(), 2);
        assert_eq!(reach.times.answer.as_millis(), 700);
        access.bootstrap_server = Some("c:3".to_owned());
        assert_eq!(access.reach().unwrap().servers[0].to_string(), "c:3");
        access.command_config = Some(PathBuf::from("/nowhere/client.properties"));
        let error = access.reach().unwrap_err();
        assert!(
            error.starts_with("/nowhere/client.properties cannot be read"),
            "{error}"
        );
    }
}
