//! One connection: its prepared statements, and how values travel.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{AsyncMessage, Client, NoTls, Statement};

use super::plan::{Step, address};
use crate::batch::Target;
use crate::{ColumnType, Error, Insert, Row, Value};

/// How to reach the tenant's schema.
#[derive(Clone)]
pub(super) struct Address {
    config: tokio_postgres::Config,
    schema: String,
}

impl Address {
    pub(super) fn parse(url: &str, schema: &str) -> Result<Self, String> {
        // It stands between quotes in SQL text, and in a channel's name, which PostgreSQL cuts at 63 bytes.
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if schema.is_empty() || schema.len() > 48 || !schema.chars().all(plain) {
            return Err(format!(
                "the schema name {schema:?} is not made of at most 48 of a-z, 0-9 and _"
            ));
        }
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|error| format!("database.url: {error}"))?;
        if config.get_ssl_mode() != SslMode::Disable && !config.get_hosts().iter().all(is_local) {
            return Err("TLS to PostgreSQL is not built in yet: use a Unix socket or a tunnel, or accept with \
                 sslmode=disable in database.url that all data crosses the network in clear"
                .to_owned());
        }
        config.application_name("konsil").connect_timeout(Duration::from_secs(5));
        // A network that swallows packets ends the connection instead of holding its callers for hours.
        config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(Duration::from_secs(10));
        Ok(Self { config, schema: schema.to_owned() })
    }

    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    /// Connects; messages that come unasked go to `unasked`.
    pub(super) async fn connect(
        &self,
        mut unasked: impl FnMut(AsyncMessage) + Send + 'static,
    ) -> Result<Connection, tokio_postgres::Error> {
        let (client, mut connection) = self.config.connect(NoTls).await?;
        tokio::spawn(async move {
            while let Some(Ok(message)) =
                std::future::poll_fn(|cx| connection.poll_message(cx)).await
            {
                unasked(message);
            }
        });
        // A node that was paused with the tenant's row locked must not hold up the others for longer than this.
        let settings = format!(
            "SET search_path TO \"{}\"; SET default_transaction_isolation TO 'read committed';
             SET idle_in_transaction_session_timeout TO '10s'; SET lock_timeout TO '10s';
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';",
            self.schema
        );
        client.batch_execute(&settings).await?;
        Ok(Connection { client, prepared: HashMap::new() })
    }
}

/// Whether what is sent there stays on this machine.
fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

pub(super) struct Connection {
    pub(super) client: Client,
    /// By the address of the constant, and which parameters are reserved positions.
    prepared: HashMap<(usize, u64), Statement>,
}

/// Why a statement did not run.
#[derive(Debug)]
pub(super) enum Failure {
    /// The statement or its parameters: nobody else is concerned.
    Refused(String),
    /// Another transaction was in the way (deadlock, serialisation, lock timeout): the same again may succeed.
    Contended(String),
    /// The server cannot work now, or the connection is gone.
    Unavailable(String),
}

impl Failure {
    pub(super) fn into_error(self, statement: &'static str) -> Error {
        match self {
            Self::Refused(reason) => Error::Invalid { statement, reason },
            Self::Contended(reason) | Self::Unavailable(reason) => Error::Unavailable { reason },
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(server) = error.as_db_error() else {
            return Self::Unavailable(error.to_string());
        };
        // Without the detail, which quotes the row.
        let reason = format!("{} ({})", server.message(), server.code().code());
        match &server.code().code()[..2] {
            // Appendix A of PostgreSQL's manual: data, constraints, syntax, limits, cardinality, not supported.
            "22" | "23" | "42" | "54" | "21" | "0A" => Self::Refused(reason),
            "40" | "55" => Self::Contended(reason),
            _ => Self::Unavailable(reason),
        }
    }
}

/// A value on its way to the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar<'v> {
    value: &'v Value,
    /// What is to be added to a reserved position, so that it counts back from the transaction's last one.
    shift: i64,
}

#[derive(Debug)]
pub(super) enum Param<'v> {
    One(Scalar<'v>),
    /// A column of a merged insert.
    Many(Vec<Scalar<'v>>),
}

impl Scalar<'_> {
    fn number(self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(*number),
            Value::Pos(reserved) => Some(i64::from(reserved.0) + self.shift),
            _ => None,
        }
    }

    fn fits(self, ty: &Type) -> bool {
        match self.value {
            Value::Null => true,
            Value::OutOfRange(_) => false,
            Value::Text(_) => {
                [Type::TEXT, Type::VARCHAR, Type::NAME, Type::BPCHAR, Type::UNKNOWN].contains(ty)
            }
            Value::Blob(_) => *ty == Type::BYTEA,
            Value::Int(_) | Value::Pos(_) => {
                let number = self.number().expect("an integer or a position is a number");
                match *ty {
                    Type::INT8 => true,
                    Type::INT4 => i32::try_from(number).is_ok(),
                    Type::INT2 => i16::try_from(number).is_ok(),
                    Type::BOOL => number == 0 || number == 1,
                    _ => false,
                }
            }
        }
    }
}

type Encoded = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for Scalar<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Encoded {
        match (self.value, self.number()) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Text(text), _) => text.to_sql(ty, out),
            (Value::Blob(bytes), _) => (&bytes[..]).to_sql(ty, out),
            (_, Some(number)) => match *ty {
                Type::INT8 => number.to_sql(ty, out),
                Type::INT4 => i32::try_from(number)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(number)?.to_sql(ty, out),
                Type::BOOL => (number != 0).to_sql(ty, out),
                _ => Err("an integer is given for another type".into()),
            },
            (_, None) => Err("number exceeds 63 bits".into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Encoded {
        match self {
            Self::One(scalar) => scalar.to_sql(ty, out),
            Self::Many(column) => column.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column of a row from the server.
struct Cell(Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Value::Int(i16::from_sql(ty, raw)?.into()),
            Type::BOOL => Value::Int(bool::from_sql(ty, raw)?.into()),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => {
                Value::Text(String::from_sql(ty, raw)?)
            }
            Type::BYTEA => Value::Blob(Bytes::copy_from_slice(raw)),
            _ => {
                return Err(format!(
                    "a column of type {ty} is not portable; cast it to BIGINT, TEXT or BYTEA"
                )
                .into());
            }
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Connection {
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The step as a prepared statement with parameters that are known to fit it, so that sending cannot fail halfway.
    /// `shift` gives each batch's distance from the transaction's last position.
    pub(super) async fn ready<'v>(
        &mut self,
        step: &Step<'v>,
        shift: impl Fn(usize) -> i64,
    ) -> Result<(Statement, Vec<Param<'v>>), Failure> {
        let key = (address(step.target), step.positions);
        let statement = match self.prepared.get(&key) {
            Some(known) => known.clone(),
            None => {
                let statement = self.client.prepare(&text(step.target, step.positions)).await?;
                self.prepared.insert(key, statement.clone());
                statement
            }
        };
        let scalar = |&(batch, values): &(usize, &'v [Value]), column: usize| {
            values.get(column).map(|value| Scalar { value, shift: shift(batch) })
        };
        let expected = statement.params().len();
        if let Some((_, values)) = step.rows.iter().find(|(_, values)| values.len() != expected) {
            return Err(Failure::Refused(format!(
                "it has {expected} parameters and was given {}",
                values.len()
            )));
        }
        let mut params = Vec::with_capacity(expected);
        for (column, ty) in statement.params().iter().enumerate() {
            let scalars: Vec<Scalar<'v>> =
                step.rows.iter().filter_map(|row| scalar(row, column)).collect();
            let ty = match ty.kind() {
                tokio_postgres::types::Kind::Array(member) => member,
                _ => ty,
            };
            if let Some(misfit) = scalars.iter().find(|scalar| !scalar.fits(ty)) {
                let found = misfit.value.type_name();
                return Err(Failure::Refused(format!(
                    "parameter {} is {found} where {ty} is expected",
                    column + 1
                )));
            }
            params.push(match step.target {
                Target::Insert(_) => Param::Many(scalars),
                Target::Stmt(_) => Param::One(scalars[0]),
            });
        }
        Ok((statement, params))
    }

    pub(super) async fn query(
        &self,
        statement: &Statement,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Failure> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let rows = self.client.query(statement, &params).await?;
        rows.iter().map(row).collect()
    }
}

fn row(row: &tokio_postgres::Row) -> Result<Row, Failure> {
    let cell = |column| match row.try_get::<_, Cell>(column) {
        Ok(cell) => Ok(cell.0),
        Err(error) => Err(Failure::Refused(
            std::error::Error::source(&error).map_or(error.to_string(), |e| e.to_string()),
        )),
    };
    Ok(Row::new((0..row.len()).map(cell).collect::<Result<_, _>>()?))
}

/// The SQL text, in which reserved positions count back from the tenant's last one. The statement before it in the
/// same transaction has raised that and holds its lock, so the subquery is a constant.
fn text(target: Target, positions: u64) -> String {
    match target {
        Target::Insert(insert) => insert_text(insert, positions),
        Target::Stmt(stmt) => statement_text(stmt.postgres, positions),
    }
}

const LAST: &str = "(SELECT pos FROM tenant WHERE id = 1)";

fn statement_text(sql: &str, positions: u64) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let (placeholder, after) = rest[at..].split_at(1 + digits);
        out.push_str(&rest[..at]);
        match placeholder[1..].parse::<u32>() {
            Ok(number @ 1..=64) if positions & (1 << (number - 1)) != 0 => {
                out.push_str(&format!("({placeholder}::bigint + {LAST})"));
            }
            _ => out.push_str(placeholder),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn insert_text(insert: &Insert, positions: u64) -> String {
    let each = |format: &dyn Fn(usize, &str, &str) -> String| {
        let columns = insert.columns.iter().enumerate().map(|(index, (name, ty))| {
            let ty = match ty {
                ColumnType::Int => "bigint",
                ColumnType::Text => "text",
                ColumnType::Blob => "bytea",
            };
            format(index, name, ty)
        });
        columns.collect::<Vec<_>>().join(", ")
    };
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM unnest({}) AS new({})",
        insert.table,
        each(&|_, name, _| name.to_owned()),
        each(&|index, _, _| {
            let reserved = positions & 1u64.checked_shl(index as u32).unwrap_or(0) != 0;
            if reserved { format!("c{index} + {LAST}") } else { format!("c{index}") }
        }),
        each(&|index, _, ty| format!("${}::{ty}[]", index + 1)),
        each(&|index, _, _| format!("c{index}")),
    )
}

/// Runs futures side by side, each begun in the given order: so requests go out in that order without waiting for
/// each other's answers.
pub(super) struct Pipeline<'f, T> {
    pending: Vec<Slot<'f, T>>,
}

enum Slot<'f, T> {
    Running(Pin<Box<dyn Future<Output = T> + Send + 'f>>),
    Done(T),
    Taken,
}

impl<'f, T> Pipeline<'f, T> {
    pub(super) fn new() -> Self {
        Self { pending: Vec::new() }
    }

    pub(super) fn push(&mut self, future: impl Future<Output = T> + Send + 'f) {
        self.pending.push(Slot::Running(Box::pin(future)));
    }
}

impl<T: Unpin> Future for Pipeline<'_, T> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<T>> {
        let mut ready = true;
        for slot in &mut self.pending {
            if let Slot::Running(future) = slot {
                match future.as_mut().poll(cx) {
                    Poll::Ready(result) => *slot = Slot::Done(result),
                    Poll::Pending => ready = false,
                }
            }
        }
        if !ready {
            return Poll::Pending;
        }
        let results =
            self.pending.iter_mut().filter_map(|slot| match std::mem::replace(slot, Slot::Taken) {
                Slot::Done(result) => Some(result),
                Slot::Running(_) | Slot::Taken => None,
            });
        Poll::Ready(results.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::insert!(INSERT_EVENT, "events", [nid: int, id: text, pos: int, json: blob]);

    #[test]
    fn a_merged_insert_takes_one_array_per_column() {
        assert_eq!(
            insert_text(&INSERT_EVENT, 0b100),
            "INSERT INTO events (nid, id, pos, json) \
             SELECT c0, c1, c2 + (SELECT pos FROM tenant WHERE id = 1), c3 \
             FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[]) AS new(c0, c1, c2, c3)"
        );
    }

    #[test]
    fn only_parameters_that_are_reserved_positions_count_from_the_tenants() {
        assert_eq!(
            statement_text("UPDATE t SET a = $1, b = $12 WHERE c = $2 AND d = '$'", 0b10),
            "UPDATE t SET a = $1, b = $12 WHERE c = ($2::bigint + (SELECT pos FROM tenant WHERE id = 1)) AND d = '$'"
        );
    }

    #[test]
    fn a_schema_name_that_would_need_quoting_is_refused() {
        for name in ["", "A", "a b", "a\"; DROP SCHEMA public"] {
            assert!(Address::parse("postgres://localhost/konsil", name).is_err(), "{name}");
        }
        assert!(Address::parse("postgres://localhost/konsil", "klinikum_1").is_ok());
    }

    #[test]
    fn data_does_not_cross_the_network_in_clear_unless_that_is_asked_for() {
        let parses = |url: &str| Address::parse(url, "klinikum").is_ok();
        assert!(parses("postgres://localhost/konsil"));
        assert!(parses("postgres://127.0.0.1,[::1]/konsil"));
        assert!(parses("postgres://konsil@%2Frun%2Fpostgresql/konsil"));
        assert!(!parses("postgres://db.klinikum.example/konsil"));
        assert!(!parses("postgres://localhost,10.0.0.7/konsil"));
        assert!(!parses("postgres://db.klinikum.example/konsil?sslmode=require"));
        assert!(parses("postgres://db.klinikum.example/konsil?sslmode=disable"));
    }
}
