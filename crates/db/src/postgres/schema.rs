//! Brings the tenant's schema up to date, one node at a time.

use tokio_postgres::Client;

use crate::migration::{Dialect, Migration, OWN_TABLES, adapt, pending};
use crate::{OpenError, Pos};

/// Makes the schema and the tables of this crate, applies what is new in `migrations`, and gives the last position.
pub(super) async fn migrate(
    client: &Client,
    schema: &str,
    migrations: &[Migration],
) -> Result<Pos, OpenError> {
    // Several nodes may start at once.
    let lock =
        format!("SELECT pg_advisory_lock(hashtext('konsil.migrations'), hashtext('{schema}'))");
    client.batch_execute(&lock).await.map_err(unavailable)?;
    let exists = client
        .query_opt("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", &[&schema])
        .await
        .map_err(unavailable)?;
    if exists.is_none() {
        client.batch_execute(&format!("CREATE SCHEMA \"{schema}\"")).await.map_err(unavailable)?;
    }
    let own = client
        .query_opt(
            "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'migrations'",
            &[&schema],
        )
        .await
        .map_err(unavailable)?;
    if own.is_none() {
        apply(client, 0, &Migration { name: "db", sql: OWN_TABLES }).await?;
    }
    let applied = client
        .query("SELECT name, sql FROM migrations WHERE version > 0 ORDER BY version", &[])
        .await
        .map_err(unavailable)?;
    let applied: Vec<(String, String)> =
        applied.iter().map(|row| (row.get(0), row.get(1))).collect();
    for (version, migration) in pending(&applied, migrations)? {
        apply(client, version, migration).await?;
    }
    let tenant =
        client.query_one("SELECT pos FROM tenant WHERE id = 1", &[]).await.map_err(unavailable)?;
    client.batch_execute("SELECT pg_advisory_unlock_all()").await.map_err(unavailable)?;
    Ok(Pos::new(tenant.get::<_, i64>(0).cast_unsigned()))
}

async fn apply(client: &Client, version: i64, migration: &Migration) -> Result<(), OpenError> {
    let error = |reason: String| OpenError::Migration { name: migration.name.to_owned(), reason };
    let mut statements = adapt(migration.sql, Dialect::Postgres).map_err(error)?;
    statements.insert(0, "BEGIN".to_owned());
    // One simple query with several statements; an error ends it, and what was begun is rolled back below.
    let applied = async {
        client.batch_execute(&statements.join(";\n")).await?;
        let insert = "INSERT INTO migrations (version, name, sql) VALUES ($1, $2, $3)";
        client.execute(insert, &[&version, &migration.name, &migration.sql]).await?;
        client.batch_execute("COMMIT").await
    };
    if let Err(cause) = applied.await {
        let reason = cause
            .as_db_error()
            .map_or_else(|| cause.to_string(), |cause| cause.message().to_owned());
        client.batch_execute("ROLLBACK").await.map_err(unavailable)?;
        return Err(error(reason));
    }
    Ok(())
}

fn unavailable(error: tokio_postgres::Error) -> OpenError {
    let reason =
        error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    OpenError::Unavailable { reason }
}
