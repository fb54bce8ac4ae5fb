//! What both databases promise, written once and run on each.

mod commits;
mod operation;
mod place;
mod postgres_only;
mod random;
mod reads;
mod sqlite_only;

/// Runs the suite's functions on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($behaviour:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(crate::place::Place::sqlite()).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(crate::place::Place::postgres()).await;
            })+
        }
    };
}
pub(crate) use on_both;
