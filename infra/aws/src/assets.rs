//! The asset bucket: contents of releases and large templates, by their digest.

use std::time::Duration;

use async_trait::async_trait;
use aws::{Account, failed};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_types::base64;
use bytes::Bytes;
use domain::release::Digest;
use domain::{ErrorKind, Result};
use infra::release::{AssetStore, changed_asset, check_asset, digest, missing_asset};

/// So often a content is put that others keep at the same moment.
const ATTEMPTS: u32 = 6;
/// How long the first of them waits for the next one.
const PAUSE: Duration = Duration::from_millis(100);

/// The folder of the bucket that contents lie in.
const FOLDER: &str = "assets";

/// The [`AssetStore`] in a bucket of S3.
///
/// S3 itself checks each content against its digest when it is put, and answers with it later; who puts
/// names no key, so that the bucket's own encrypts it. A content is put only if there is none.
#[derive(Debug, Clone)]
pub struct AssetBucket {
    client: Client,
    bucket: String,
    address: String,
}

/// What lies under the name of a digest.
enum Found {
    Nothing,
    Itself,
    SomethingElse,
}

impl AssetBucket {
    /// The bucket of this name in the account's region, under its identity.
    pub fn new(account: &Account, bucket: &str) -> Self {
        let endpoint = account.settings().endpoint.as_deref();
        let config = aws_sdk_s3::config::Builder::from(account.sdk());
        let client = Client::from_conf(config.force_path_style(endpoint.is_some()).build());
        Self {
            client,
            bucket: bucket.to_owned(),
            address: address(endpoint, account.region(), bucket),
        }
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.bucket
    }

    /// Asks whether the bucket is there and we may look at it.
    pub async fn is_reached(&self) -> Result<()> {
        let asked = self.client.head_bucket().bucket(&self.bucket).send().await;
        asked.map(drop).map_err(|error| failed(&format!("look at bucket {}", self.bucket), error))
    }

    /// Keeps a text and says the address that CloudFormation reads it by.
    pub(crate) async fn publish(&self, text: &str) -> Result<String> {
        let of = digest(text.as_bytes());
        self.put(&of, text.as_bytes().to_vec()).await?;
        Ok(format!("{}/{}", self.address, key(&of)))
    }

    async fn look(&self, of: &Digest) -> Result<Found> {
        let head = self.client.head_object().bucket(&self.bucket).key(key(of));
        match head.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(found) if found.checksum_sha256() == Some(&checksum(of)) => Ok(Found::Itself),
            Ok(_) => Ok(Found::SomethingElse),
            Err(error) => {
                let error = failed(&self.doing("look for", of), error);
                if error.kind() == ErrorKind::NotFound { Ok(Found::Nothing) } else { Err(error) }
            }
        }
    }

    fn doing(&self, what: &str, of: &Digest) -> String {
        format!("{what} content {} in bucket {}", of.short(), self.bucket)
    }
}

#[async_trait]
impl AssetStore for AssetBucket {
    async fn put(&self, of: &Digest, bytes: Vec<u8>) -> Result<bool> {
        check_asset(of, &bytes)?;
        let bytes = Bytes::from(bytes);
        let mut attempt = 1;
        loop {
            let put = self.client.put_object().bucket(&self.bucket).key(key(of));
            let put = put.checksum_sha256(checksum(of)).body(ByteStream::from(bytes.clone()));
            let put = match self.look(of).await? {
                Found::Itself => return Ok(false),
                Found::Nothing => put.if_none_match("*"),
                Found::SomethingElse => put,
            };
            match put.send().await.map_err(|error| failed(&self.doing("keep", of), error)) {
                Ok(_) => return Ok(true),
                // Somebody keeps the same at this moment, or an attempt did that had no answer.
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        }
    }

    async fn get(&self, of: &Digest) -> Result<Vec<u8>> {
        let asked = self.client.get_object().bucket(&self.bucket).key(key(of)).send().await;
        let found = asked.map_err(|error| failed(&self.doing("read", of), error));
        let found = match found {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing_asset(of)),
            found => found?,
        };
        let read = found.body.collect().await.map_err(|error| {
            let message = format!("cannot {}: {error}", self.doing("read", of));
            domain::Error::new(ErrorKind::Unavailable, message).with_source(error)
        });
        let bytes = read?.to_vec();
        if digest(&bytes) == *of { Ok(bytes) } else { Err(changed_asset(of)) }
    }
}

fn key(of: &Digest) -> String {
    format!("{FOLDER}/{of}")
}

/// The digest as S3 writes checksums.
fn checksum(of: &Digest) -> String {
    let digits = of.as_str().as_bytes().chunks(2);
    let byte =
        |pair: &[u8]| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).unwrap_or_default();
    base64::encode(digits.map(byte).collect::<Vec<u8>>())
}

/// Where CloudFormation finds the bucket.
fn address(endpoint: Option<&str>, region: &str, bucket: &str) -> String {
    match endpoint {
        Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        None if region.starts_with("cn-") => {
            format!("https://{bucket}.s3.{region}.amazonaws.com.cn")
        }
        None => format!("https://{bucket}.s3.{region}.amazonaws.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_s3_writes_checksums() {
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(checksum(&digest(b"")), empty);
    }

    #[test]
    fn cloudformation_reads_from_the_region_of_the_bucket() {
        let of_aws = address(None, "eu-central-1", "lake-assets");
        assert_eq!(of_aws, "https://lake-assets.s3.eu-central-1.amazonaws.com");
        let emulated = address(Some("http://127.0.0.1:4566/"), "eu-central-1", "b");
        assert_eq!(emulated, "http://127.0.0.1:4566/b");
    }
}
