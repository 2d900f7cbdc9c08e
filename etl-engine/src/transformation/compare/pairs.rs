//! Pairing the rows of two sorted sides.

use std::cmp::Ordering;

use domain::Result;

use super::cells::Alike;
use super::side::Side;

/// A row of one side, or two rows that stand for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    Old(u32),
    New(u32),
    Both(u32, u32),
}

/// Two sides and how their cells are compared.
pub(super) struct Pairing<'a> {
    pub(super) old: &'a Side,
    pub(super) new: &'a Side,
    pub(super) equal: &'a [Alike],
}

impl Pairing<'_> {
    /// Hands out every row once, in the order of the keys; for a pair, with the positions of the
    /// common columns that differ.
    pub(super) fn walk(&self, mut take: impl FnMut(Pair, &[usize]) -> Result<()>) -> Result<()> {
        let (mut old, mut new) = (&self.old.order[..], &self.new.order[..]);
        loop {
            let order = match (old.first(), new.first()) {
                (Some(a), Some(b)) => self.old.key(*a).cmp(&self.new.key(*b)),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return Ok(()),
            };
            let old_group = group(self.old, old);
            let new_group = group(self.new, new);
            if order.is_le() {
                old = &old[old_group.len()..];
            }
            if order.is_ge() {
                new = &new[new_group.len()..];
            }
            match order {
                Ordering::Less => {
                    old_group.iter().try_for_each(|row| take(Pair::Old(*row), &[]))?
                }
                Ordering::Greater => {
                    new_group.iter().try_for_each(|row| take(Pair::New(*row), &[]))?;
                }
                Ordering::Equal => self.pair(old_group, new_group, &mut take)?,
            }
        }
    }

    /// Pairs rows of one key: those alike first, what is left in order.
    fn pair(
        &self,
        old: &[u32],
        new: &[u32],
        take: &mut impl FnMut(Pair, &[usize]) -> Result<()>,
    ) -> Result<()> {
        if let ([old], [new]) = (old, new) {
            return take(Pair::Both(*old, *new), &self.differing(*old, *new));
        }
        let (mut left_old, mut left_new) = (Vec::new(), Vec::new());
        let (mut i, mut j) = (0, 0);
        while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
            if self.differing(*a, *b).is_empty() {
                take(Pair::Both(*a, *b), &[])?;
                (i, j) = (i + 1, j + 1);
            } else if self.old.rest(*a) < self.new.rest(*b) {
                left_old.push(*a);
                i += 1;
            } else {
                left_new.push(*b);
                j += 1;
            }
        }
        left_old.extend(&old[i..]);
        left_new.extend(&new[j..]);
        let both = left_old.len().min(left_new.len());
        for (a, b) in left_old.iter().zip(&left_new) {
            take(Pair::Both(*a, *b), &self.differing(*a, *b))?;
        }
        left_old[both..].iter().try_for_each(|row| take(Pair::Old(*row), &[]))?;
        left_new[both..].iter().try_for_each(|row| take(Pair::New(*row), &[]))
    }

    fn differing(&self, old: u32, new: u32) -> Vec<usize> {
        let columns = self.equal.iter().enumerate();
        columns.filter(|(_, alike)| !alike(old, new)).map(|(column, _)| column).collect()
    }
}

/// The first rows, which have one key.
fn group<'a>(side: &Side, rows: &'a [u32]) -> &'a [u32] {
    let Some(first) = rows.first() else { return rows };
    let key = side.key(*first);
    let end = rows.iter().position(|row| side.key(*row) != key).unwrap_or(rows.len());
    &rows[..end]
}
