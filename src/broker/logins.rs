//! Who may log in at this node, and its own logins at others: put together from the configuration before anything else runs.

use super::StartError;
use super::controller::ControlRuntime;
use super::world::World;
use crate::auth::delegation::Mint;
use crate::auth::files::{LOOK_EVERY, Seen};
use crate::auth::logins::Logins;
use crate::auth::outbound::LoggingIn;
use crate::auth::settings::Settings;
use crate::config::BrokerConfig;
use crate::metadata::controller_link::ControllerLink;
use crate::net::dial::Dialer;
use crate::net::world::Net;
use crate::peers::Dial;
use crate::world::Rng;
use ottla_controller::Metadata;
use std::sync::Arc;

/// What SASL is configured with.
///
/// # Errors
/// [`StartError::Config`].
pub fn settings(config: &BrokerConfig) -> Result<Settings, StartError> {
    Settings::read(config).map_err(StartError::Config)
}

/// Dials other nodes, and logs in where their listeners ask for that.
pub fn dial<N: Net>(
    config: &BrokerConfig,
    settings: &Settings,
    dialer: Dialer<N>,
    rng: &Rng,
) -> Arc<dyn Dial> {
    let listeners = &config.listeners;
    let names = (
        listeners.inter_broker.as_str(),
        listeners.toward_controllers.as_str(),
    );
    Arc::new(LoggingIn::new(
        Arc::new(dialer),
        settings,
        names,
        rng.clone(),
    ))
}

/// Everybody who may log in. Files are read before this returns, and again whenever they change.
///
/// # Errors
/// [`StartError::Threads`].
pub async fn start<N: Net>(
    config: &BrokerConfig,
    settings: Settings,
    world: &World<N>,
    runtime: &ControlRuntime,
    (metadata, controller): (Metadata, ControllerLink),
) -> Result<Arc<Logins>, StartError> {
    let has_files = settings.users_directory.is_some() || settings.bearer.keys_file.is_some();
    let logins = Arc::new(Logins::new(
        settings,
        Mint::read(config),
        metadata,
        controller,
        world.clock.clone(),
        world.rng.clone(),
    ));
    if has_files {
        let workers = world
            .workers("login-files", 1)
            .map_err(StartError::threads)?;
        let mut seen = Seen::default();
        seen.look(&logins, &workers).await;
        let watched = Arc::downgrade(&logins);
        runtime.handle().spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let Some(logins) = watched.upgrade() else {
                    return;
                };
                seen.look(&logins, &workers).await;
            }
        });
    }
    Ok(logins)
}
