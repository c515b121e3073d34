//! `ottla serve`: puts the configuration together and runs the broker on it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::config::{BrokerConfig, ConfigErrors, Given, container, load};
use crate::logging::Loggers;

use super::{BAD_USAGE, FAILURE, logging};

/// What `ottla serve` is told by its arguments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub file: Option<&'a Path>,
    /// The start path of an image: see [`container`].
    pub is_container: bool,
    pub overrides: &'a [String],
}

/// Loads the configuration, warns about what is odd in it, and runs the broker until it stops.
pub fn serve<Run, Running, Failure>(asked: Asked<'_>, run: Run) -> ExitCode
where
    Run: FnOnce(BrokerConfig, Arc<Loggers>) -> Running,
    Running: Future<Output = Result<(), Failure>>,
    Failure: Display,
{
    // A variable that is not UTF-8 cannot be one of ours.
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
        .collect();
    let loggers = match logging::start(&environment) {
        Ok(loggers) => loggers,
        Err(error) => return refuse(&ConfigErrors(vec![error])),
    };
    let (config, warnings) = match configure(asked, environment) {
        Ok(configured) => configured,
        Err(errors) => return refuse(&errors),
    };
    for warning in warnings {
        tracing::warn!("config: {warning}");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("ottla")
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime could not be started: {error}")),
    };
    match runtime.block_on(run(config, loggers)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn configure(
    asked: Asked<'_>,
    mut environment: BTreeMap<String, String>,
) -> Result<(BrokerConfig, Vec<String>), ConfigErrors> {
    let one = |error| ConfigErrors(vec![error]);
    let mut file = asked.file;
    if asked.is_container {
        let read = |path: &str| {
            read(Path::new(path)).map(|text| String::from_utf8_lossy(&text).into_owned())
        };
        environment = container::environment(environment, read).map_err(one)?;
        let mounted = Path::new(container::MOUNTED_FILE);
        file = file.or_else(|| mounted.exists().then_some(mounted));
    }
    let bytes = file.map(read).transpose().map_err(one)?;
    let loaded = load(&Given {
        file: bytes.as_deref(),
        environment: &environment,
        overrides: asked.overrides,
        is_container: asked.is_container,
    })?;
    Ok((BrokerConfig::new(loaded.config)?, loaded.warnings))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn refuse(errors: &ConfigErrors) -> ExitCode {
    eprintln!("ottla: the configuration cannot be started with:");
    for error in &errors.0 {
        eprintln!("  {error}");
    }
    ExitCode::from(BAD_USAGE)
}

fn fail(error: &dyn Display) -> ExitCode {
    tracing::error!("stopped: {error}");
    ExitCode::from(FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let asked = Asked {
            file: Some(Path::new("/nowhere/server.properties")),
            ..Asked::default()
        };
        let errors = configure(asked, BTreeMap::new()).unwrap_err();
        assert!(
            errors
                .to_string()
                .starts_with("/nowhere/server.properties cannot be read:"),
            "{errors}"
        );
    }

    #[test]
    fn file_environment_and_flags_come_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.properties");
        std::fs::write(&path, "node.id=4\nnum.partitions=2\n").unwrap();
        let environment = BTreeMap::from([("KAFKA_NUM_PARTITIONS".to_owned(), "3".to_owned())]);
        let asked = Asked {
            file: Some(&path),
            overrides: &["nmu.partitions=1".to_owned()],
            ..Asked::default()
        };
        let (config, warnings) = configure(asked, environment).unwrap();
        assert_eq!(
            (config.node_id, config.node.setting("num.partitions")),
            (4, Some("3"))
        );
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn a_container_serves_whoever_reaches_it_unless_told_otherwise() {
        let asked = Asked {
            is_container: true,
            ..Asked::default()
        };
        let (config, warnings) = configure(asked, BTreeMap::new()).unwrap();
        let shown = |key| config.node.setting(key);
        assert_eq!(
            (shown("listeners"), shown("log.dirs"), warnings.as_slice()),
            (
                Some("PLAINTEXT://:9092"),
                Some("/var/lib/kafka/data"),
                &[][..]
            )
        );
        let environment = [
            ("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://h:29092"),
            ("KAFKA_LOG_DIRS", "/tmp/kraft-combined-logs"),
        ];
        let environment = environment.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let (config, _) = configure(asked, environment.into()).unwrap();
        let shown = |key| config.node.setting(key);
        assert_eq!(
            (shown("listeners"), shown("log.dirs")),
            (
                Some("PLAINTEXT://0.0.0.0:29092"),
                Some("/tmp/kraft-combined-logs")
            )
        );
    }
}
