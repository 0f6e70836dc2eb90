//! A workflow runner in a page: it keeps a template's secrets for half a minute, hears of changes at once, and goes on
//! through a minute without the server. Run it as
//!
//! ```text
//! STRONGROOM_ADDR=127.0.0.1:7420 STRONGROOM_TOKEN=srt_… cargo run -p strongroom-client --example runner -- SHOP TEMPLATE [RUNS]
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::error::Error;
use std::time::Duration;
use strongroom_client::{CacheOptions, Client, SecretsCache};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1);
    let workspace = words.next().ok_or("which workspace?")?;
    let template = words.next().ok_or("which template?")?;
    let runs: u32 = words.next().map_or(Ok(3), |text| text.parse())?;
    let addr = env::var("STRONGROOM_ADDR").unwrap_or_else(|_| "127.0.0.1:7420".to_owned());
    let client = Client::new(&addr, Some(&env::var("STRONGROOM_TOKEN")?))?;
    let options = CacheOptions {
        fresh_for: Duration::from_secs(30),
        stale_for: Duration::from_secs(60),
    };
    let secrets = SecretsCache::new(client, options);

    // Changes are heard of in the background: a rotated key is used in the next run, not in half a minute.
    let following = secrets.clone();
    let watched = workspace.clone();
    tokio::spawn(async move { following.follow(&[&watched]).await });

    for run in 1..=runs {
        let resolved = secrets.get(&workspace, &template, None).await?;
        for (name, variable) in &resolved.variables.0 {
            // Here a workflow would use `variable.fields`, and send it to `variable.allowed_hosts` only.
            let credential = variable.credential.as_deref().unwrap_or("nothing");
            let hosts = variable.allowed_hosts.join(", ");
            println!("run {run}: {name} is {credential}, for {hosts}");
        }
    }
    Ok(())
}
