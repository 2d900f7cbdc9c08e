//! A `sluice.toml` with everything in it, for tests.

/// All sections and keys.
pub(crate) const WHOLE: &str = r#"
[lake]
logical_id_prefix = "DataLakeCDKBlog"
resource_name_prefix = "cdkblog"

[tags]
cost_center = "4711"
team = "data"
application = "lake"

[catalog]
conformed_database = "datalake_raw_source"
purpose_built_database = "datablog_arg"

[[environments]]
name = "dev"
branch = "main"
account = "111111111111"
region = "eu-central-1"
vpc_cidr = "10.20.0.0/24"
parameters = { RetentionDays = 30, Size = "small", Loud = true }

[[environments]]
name = "prod"
branch = "production"
account = "333333333333"
region = "eu-central-1"
protected = true
vpc_cidr = "10.0.0.0/24"

[environments.approval]
approvers = 2
teams = ["acme/leads"]
expires_after_hours = 24

[[environments.freeze]]
name = "weekends"
time_zone = "Europe/Berlin"
from = "fri 18:00"
to = "mon 06:00"

[pipeline]
rehearsal = false

[[notifications]]
target = "oncall"
events = ["run_failed", "deployment_failed"]
environments = ["prod"]
source_systems = ["tlc_taxi_data"]
"#;
