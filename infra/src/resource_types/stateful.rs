//! Types of resources that hold what nobody can make again: data, messages, keys, identities.

/// Those of cfn-lint's list of stateful resources, and those of the lake that it leaves out.
/// Sorted, for the search.
const STATEFUL: [&str; 57] = [
    "AWS::Backup::BackupVault",
    "AWS::Cassandra::Keyspace",
    "AWS::Cassandra::Table",
    "AWS::CloudFormation::Stack",
    "AWS::CodeCommit::Repository",
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DocDB::DBInstance",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Instance",
    "AWS::EC2::Volume",
    "AWS::ECR::PublicRepository",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::EMR::Cluster",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::Elasticsearch::Domain",
    "AWS::FSx::FileSystem",
    "AWS::FSx::Volume",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::KMS::ReplicaKey",
    "AWS::Kinesis::Stream",
    "AWS::Lightsail::Database",
    "AWS::Lightsail::Disk",
    "AWS::Logs::LogGroup",
    "AWS::MSK::Cluster",
    "AWS::MSK::ServerlessCluster",
    "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster",
    "AWS::Neptune::DBInstance",
    "AWS::NeptuneGraph::Graph",
    "AWS::OpenSearchServerless::Collection",
    "AWS::OpenSearchService::Domain",
    "AWS::Organizations::Account",
    "AWS::QLDB::Ledger",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::GlobalCluster",
    "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Namespace",
    "AWS::S3::Bucket",
    "AWS::S3Express::DirectoryBucket",
    "AWS::S3Tables::Namespace",
    "AWS::S3Tables::Table",
    "AWS::S3Tables::TableBucket",
    "AWS::S3Vectors::VectorBucket",
    "AWS::SDB::Domain",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
    "AWS::Timestream::Database",
    "AWS::Timestream::Table",
];

/// Whether a resource of this type holds data that nobody can make again.
pub fn is_stateful(resource_type: &str) -> bool {
    STATEFUL.binary_search(&resource_type).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource_types::is_known;

    #[test]
    fn the_list_is_sorted_and_names_types_that_exist() {
        assert!(STATEFUL.is_sorted());
        // AWS no longer offers these, stacks may still hold them.
        let gone = ["AWS::QLDB::Ledger", "AWS::SDB::Domain"];
        let unknown: Vec<_> = STATEFUL.iter().filter(|name| !is_known(name)).collect();
        assert!(unknown.iter().all(|name| gone.contains(name)), "{unknown:?}");
    }

    #[test]
    fn data_is_told_from_settings() {
        assert!(is_stateful("AWS::S3::Bucket"));
        assert!(is_stateful("AWS::KMS::Key"));
        assert!(!is_stateful("AWS::S3::BucketPolicy"));
        assert!(!is_stateful("AWS::Lambda::Function"));
    }
}
