//! The data files of a table's partitions, as its zone lists them.

use std::collections::BTreeSet;

use domain::partition::Partition;
use domain::{Error, ErrorKind, Result};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

/// From this many partitions on, one listing of the whole table is cheaper than one each.
const LIST_ONE_BY_ONE: usize = 32;

/// Listings in flight at once.
const CONCURRENCY: usize = 16;

/// A data file and the partition that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct DataFile {
    /// Its day.
    pub(crate) partition: Partition,
    /// Path, size and eTag at the time of listing.
    pub(crate) meta: ObjectMeta,
}

/// The data files of the given partitions, sorted by partition and path.
pub(crate) async fn files_of(
    store: &dyn ObjectStore,
    location: &str,
    partitions: &[Partition],
) -> Result<Vec<DataFile>> {
    let wanted: BTreeSet<_> = partitions.iter().copied().collect();
    let mut files = if wanted.len() > LIST_ONE_BY_ONE {
        let all = all_files(store, location).await?;
        all.into_iter().filter(|file| wanted.contains(&file.partition)).collect()
    } else {
        let prefixes: Vec<_> = wanted
            .iter()
            .map(|partition| Path::from(format!("{location}/{}", partition.path())))
            .collect();
        let listed: Vec<Vec<_>> = futures::stream::iter(prefixes)
            .map(|prefix| list(store, location, prefix))
            .buffered(CONCURRENCY)
            .try_collect()
            .await?;
        listed.concat()
    };
    files.sort_by(|a, b| (a.partition, &a.meta.location).cmp(&(b.partition, &b.meta.location)));
    Ok(files)
}

/// The partitions of a table that hold a data file, sorted.
pub(crate) async fn partitions_of(
    store: &dyn ObjectStore,
    location: &str,
) -> Result<Vec<Partition>> {
    let partitions: BTreeSet<_> =
        all_files(store, location).await?.into_iter().map(|file| file.partition).collect();
    Ok(partitions.into_iter().collect())
}

async fn all_files(store: &dyn ObjectStore, location: &str) -> Result<Vec<DataFile>> {
    list(store, location, Path::from(location)).await
}

async fn list(store: &dyn ObjectStore, location: &str, prefix: Path) -> Result<Vec<DataFile>> {
    let entries: Vec<_> = store.list(Some(&prefix)).try_collect().await.map_err(|error| {
        Error::new(ErrorKind::Unavailable, format!("{prefix} could not be listed"))
            .with_source(error)
    })?;
    Ok(entries.into_iter().filter_map(|meta| data_file(location, meta)).collect())
}

/// The file as a data file of the table at `location`: a visible, non-empty Parquet file directly
/// in a partition's folder. Anything else there is none of the table's rows.
fn data_file(location: &str, meta: ObjectMeta) -> Option<DataFile> {
    let path = meta.location.as_ref();
    let mut parts = path.strip_prefix(location)?.strip_prefix('/')?.split('/');
    let mut value = |key: &str| parts.next()?.strip_prefix(key)?.strip_prefix('=');
    let values = [value("year")?, value("month")?, value("day")?];
    let name = parts.next()?;
    let hidden = name.starts_with(['_', '.']);
    if hidden || !name.ends_with(".parquet") || parts.next().is_some() || meta.size == 0 {
        return None;
    }
    let partition = Partition::from_values(values[0], values[1], values[2]).ok()?;
    // `month=8` would be read as "08" here and as "8" by Athena: only the one spelling counts.
    (partition.values() == values).then_some(DataFile { partition, meta })
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{ObjectStoreExt, PutPayload};

    use super::*;

    #[tokio::test]
    async fn only_visible_parquet_files_in_partition_folders_count() {
        let store = InMemory::new();
        let good = ["tlc/yellow/year=2020/month=08/day=05/a.parquet"];
        let other = [
            "tlc/yellow/year=2020/month=08/day=05/_b.parquet",
            "tlc/yellow/year=2020/month=08/day=05/.c.parquet",
            "tlc/yellow/year=2020/month=08/day=05/d.csv",
            "tlc/yellow/year=2020/month=08/day=05/e/f.parquet",
            "tlc/yellow/year=2020/month=8/day=5/g.parquet",
            "tlc/yellow/year=2020/month=13/day=05/h.parquet",
            "tlc/yellow/i.parquet",
            "tlc/yellow2/year=2020/month=08/day=05/j.parquet",
        ];
        for path in good.iter().chain(&other) {
            store.put(&Path::from(*path), PutPayload::from_static(b"x")).await.unwrap();
        }
        let days = partitions_of(&store, "tlc/yellow").await.unwrap();
        assert_eq!(days, ["2020-08-05".parse().unwrap()]);
        let files = files_of(&store, "tlc/yellow", &days).await.unwrap();
        let paths: Vec<_> = files.iter().map(|file| file.meta.location.as_ref()).collect();
        assert_eq!(paths, good);
    }

    #[tokio::test]
    async fn many_partitions_give_the_same_files_as_few() {
        let store = InMemory::new();
        let first: jiff::civil::Date = "2020-01-01".parse().unwrap();
        let days: Vec<Partition> = (0..100)
            .map(|day| Partition::of(first + jiff::Span::new().days(day)).unwrap())
            .collect();
        for day in &days {
            let path = Path::from(format!("t/t/{}/a.parquet", day.path()));
            store.put(&path, PutPayload::from_static(b"x")).await.unwrap();
        }
        let many = files_of(&store, "t/t", &days[10..60]).await.unwrap();
        let few = files_of(&store, "t/t", &days[10..20]).await.unwrap();
        assert_eq!(many.len(), 50);
        assert_eq!(few.len(), 10);
        assert!(many.iter().zip(&few).all(|(a, b)| a.meta.location == b.meta.location));
    }
}
