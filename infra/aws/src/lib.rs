//! The delivery flow on AWS: CloudFormation, SSM, Secrets Manager and the asset bucket behind the
//! ports of `infra`.
//!
//! Architecture invariant: adapters find nothing by themselves. Account, region and identity are those
//! of the [`aws::Account`] that each is given, names and keys come from the settings beside it.

mod assets;
mod parameters;
mod secrets;
mod stacks;
mod time;

pub use assets::AssetBucket;
pub use parameters::SsmParameterStore;
pub use secrets::{Deletion, SecretsManagerSecretStore, SecretsManagerSettings};
pub use stacks::{CloudFormationSettings, CloudFormationStackService};
