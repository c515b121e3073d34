//! `ottla serve`: puts the configuration together and runs the broker on it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::config::{BrokerConfig, ConfigErrors, Given, load};
use crate::logging::Loggers;

use super::{BAD_USAGE, FAILURE, logging};

/// Loads the configuration, warns about what is odd in it, and runs the broker until it stops.
pub fn serve<Run, Running, Failure>(file: Option<&Path>, overrides: &[String], run: Run) -> ExitCode
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
    let (config, warnings) = match configure(file, &environment, overrides) {
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
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
    overrides: &[String],
) -> Result<(BrokerConfig, Vec<String>), ConfigErrors> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| {
            ConfigErrors(vec![format!("{} cannot be read: {error}", path.display())])
        })
    };
    let bytes = file.map(read).transpose()?;
    let loaded = load(&Given {
        file: bytes.as_deref(),
        environment,
        overrides,
    })?;
    Ok((BrokerConfig::new(loaded.config)?, loaded.warnings))
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
        let errors = configure(
            Some(Path::new("/nowhere/server.properties")),
            &BTreeMap::new(),
            &[],
        )
        .unwrap_err();
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
        let (config, warnings) =
            configure(Some(&path), &environment, &["nmu.partitions=1".to_owned()]).unwrap();
        assert_eq!(
            (config.node_id, config.node.setting("num.partitions")),
            (4, Some("3"))
        );
        assert_eq!(warnings.len(), 1);
    }
}
