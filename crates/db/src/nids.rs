use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::{CommitError, Db};

/// Numbers reserved at once: one durable write per thousand rows.
const BLOCK: i64 = 1_000;

/// Hands out row numbers ("nids") that no other row of the tenant has, on any node.
///
/// Numbers come from blocks that are reserved durably in the tenant's row; what is left of a block when the process
/// ends is never used. They are unique but neither gapless nor in the order of commits.
#[derive(Clone)]
pub struct NidAllocator(Db);

/// The numbers that are reserved and not yet handed out.
#[derive(Default)]
pub(crate) struct Blocks {
    free: Mutex<Range<i64>>,
    /// Held while a block is fetched, so that waiters do not fetch one each.
    fetching: tokio::sync::Mutex<()>,
}

impl NidAllocator {
    pub(crate) fn of(db: Db) -> Self {
        Self(db)
    }

    /// A number that was never handed out before; at once, but for each thousandth, which waits for a commit.
    ///
    /// # Errors
    /// [`CommitError::Unavailable`] if a new block could not be reserved.
    pub async fn next(&self) -> Result<i64, CommitError> {
        Ok(self.take(1).await?.start)
    }

    /// `count` consecutive numbers.
    ///
    /// # Errors
    /// As [`NidAllocator::next`].
    pub async fn take(&self, count: u32) -> Result<Range<i64>, CommitError> {
        let count = i64::from(count);
        if let Some(taken) = self.take_reserved(count) {
            return Ok(taken);
        }
        let blocks = &self.0.inner.nids;
        let _fetching = blocks.fetching.lock().await;
        if let Some(taken) = self.take_reserved(count) {
            return Ok(taken);
        }
        let block = self.0.reserve_nids(BLOCK.max(count)).await?;
        let taken = block.start..block.start + count;
        *blocks.free.lock().unwrap_or_else(PoisonError::into_inner) = taken.end..block.end;
        Ok(taken)
    }

    fn take_reserved(&self, count: i64) -> Option<Range<i64>> {
        let mut free = self.0.inner.nids.free.lock().unwrap_or_else(PoisonError::into_inner);
        (free.end - free.start >= count).then(|| {
            let taken = free.start..free.start + count;
            free.start = taken.end;
            taken
        })
    }
}
