//! The delivery flow on AWS: CloudFormation, SSM, Secrets Manager and the asset bucket behind the ports of `infra`.
